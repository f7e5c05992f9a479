"""Commands that others have executed in a container, beside its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from upready.runtime.docker.engine import Engine, answering


def runs(engine: Engine, container: str, command: Sequence[str]) -> bool:
    """Whether a command that was executed in a container still runs there.

    Raises:
        EngineError: The engine does not answer.
    """
    from docker.errors import APIError

    api: Any = engine.client.api
    with answering():
        try:
            for each in api.inspect_container(container).get("ExecIDs") or ():
                said = api.exec_inspect(each)
                config = said.get("ProcessConfig") or {}
                if said.get("Running") and [config.get("entrypoint"), *(config.get("arguments") or ())] == [*command]:
                    return True
        except APIError:  # it has just gone
            return False
    return False
