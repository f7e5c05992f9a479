"""What servers and those that restart them say of a start: that one begins, has succeeded, or is given up."""

from __future__ import annotations

import re

BEGINS = re.compile(
    r"Started server process|detected changes? in|Detected file change|sources changed, starting again"
    r"|\[nodemon\] (?:re)?starting\b|^Restarting '|Restarting with (?:stat|watchdog|watchfiles)"
    r"|Watching for file changes with|\bReloading\.\.\."
)
"""uvicorn, watchfiles, hupper, our own, nodemon, `node --watch`, Flask, Django: what was said before is of an earlier
start."""

SERVES = re.compile(
    r"Started server process|Application startup complete|(?<!Uvicorn )\bRunning on http|Starting development server at"
    r"|ready (?:to accept|for) connections|(?<!socket )\b[Ll]istening\b(?! at\b)"
    r"|[Ss]erver (?:is )?(?:started|running|listening|ready)|\"(?:GET|HEAD|POST) [^\"]*\" 2\d\d\b"
)
"""A start that came so far has left behind whatever ended an earlier one. uvicorn's reloader and gunicorn say that they
run or listen before they have read the program."""

RELOADER = re.compile(
    r"Started reloader process|\[nodemon\]|Failed running '|Restarting with (?:stat|watchdog|watchfiles)"
    r"|Watching for file changes with|starts again after the next edit|detected changes? in|watchfiles v\d"
)
"""One that waits for an edit when the program has ended."""

WATCHED = re.compile(r"watchfiles v\d")
"""One that says nothing when the program has ended."""

GIVEN_UP = re.compile(
    r"\[nodemon\] app crashed|^Failed running '|starts again after the next edit|Application startup failed\. Exiting"
    r"|Error loading ASGI app|failed to build, error|Worker failed to boot"
)
"""The program has ended; where a reloader runs, nothing but an edit starts it again."""
