"""Words with which servers and reloaders report that a start begins, has succeeded, or has failed."""

from __future__ import annotations

import re

BEGINS = re.compile(
    r"Started server process|detected changes? in|Detected file change|sources changed, starting again"
    r"|\[nodemon\] (?:re)?starting\b|^Restarting '|Restarting with (?:stat|watchdog|watchfiles)"
    r"|Watching for file changes with|\bReloading\.\.\."
)
"""A start begins; lines before belong to an earlier one. Of uvicorn, watchfiles, hupper, our own reloader, nodemon,
`node --watch`, Flask and Django."""

SERVES = re.compile(
    r"Started server process|Application startup complete|(?<!Uvicorn )\bRunning on http|Starting development server at"
    r"|ready (?:to accept|for) connections|(?<!socket )\b[Ll]istening\b(?! at\b)"
    r"|[Ss]erver (?:is )?(?:started|running|listening|ready)|\"(?:GET|HEAD|POST) [^\"]*\" 2\d\d\b"
)
"""A start has succeeded, so an error of an earlier start no longer matters. Not the words with which uvicorn's reloader
and gunicorn say that they run or listen: they say so before they load the program."""

RELOADER = re.compile(
    r"Started reloader process|\[nodemon\]|Failed running '|Restarting with (?:stat|watchdog|watchfiles)"
    r"|Watching for file changes with|starts again after the next edit|detected changes? in|watchfiles v\d"
)
"""A reloader that waits for an edit after the program has ended."""

WATCHED = re.compile(r"watchfiles v\d")
"""A reloader that prints nothing when the program has ended."""

GIVEN_UP = re.compile(
    r"\[nodemon\] app crashed|^Failed running '|starts again after the next edit|Application startup failed\. Exiting"
    r"|Error loading ASGI app|failed to build, error|Worker failed to boot"
)
"""The program has ended. Under a reloader only an edit starts it again."""
