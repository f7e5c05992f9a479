"""Which documents each task prints with `--json`, and their schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upready.schemas import data, generation, nodes, project, releases, running, watch
from upready.schemas.parts import Document, Failed, Planned

DOCUMENTS: Mapping[str, tuple[Any, ...]] = {
    "dev": (running.Launch, running.LaunchPlan),
    "prod": (running.Launch, running.LaunchPlan, releases.ReleasePlan),
    "rollback": (running.Launch, releases.RollbackPlan),
    "restart": (running.Launch, running.LaunchPlan),
    "stop": (running.Stopped, running.StopPlan),
    "health": (running.Health,),
    "diagnose": (running.Diagnosis,),
    "status": (running.Status,),
    "logs": (running.LogLine, Planned),
    "watch": (watch.WatchEvent, Planned),
    "build": (project.Built, Planned),
    "config": (Document,),
    "images": (project.Images,),
    "export": (project.Exported, project.ExportedSecrets, Planned),
    "releases": (releases.Releases, Planned),
    "backup": (data.Made, data.Backups, data.Proven, Planned),
    "restore": (data.Restored, Planned),
    "upgrade": (data.Upgraded, Planned),
    "audit": (releases.Audit,),
    "open": (running.Links, Planned),
    "nodes": (nodes.Nodes, Planned),
    "doctor": (project.Doctor,),
    "init": (project.Initialised, project.InitPlan, project.Guide),
    "env.check": (project.EnvFindings,),
    "env.init": (project.EnvInitialised, Planned),
    "env.diff": (project.EnvDifference, project.EnvComparison),
    "env.show": (project.Variables,),
    "env.set": (project.EnvSet, Planned),
}
"""The documents of each task that has `--json`; besides, each may print the one of an error."""

ERROR = "error"
"""The name of the schema of that one."""

_LINES = {
    "logs": "An object a line",
    "watch": "An object a line",
    "health": "The document; with --watch an object a line for each change",
}


def of_logs() -> dict[str, Any]:
    """The schema of log entries in one document, as `invoke mcp` gives them."""
    return generation.schema([running.Logs], title="logs", about="The last log entries")


def of(name: str, *, closed: bool = False) -> dict[str, Any]:
    """The schema of what a task prints with `--json`, or of `error`.

    Raises:
        KeyError: There is no such task, or it prints no JSON.
    """
    if name == ERROR:
        return generation.schema([Failed], title=ERROR, about="The document of an error, of every task", closed=closed)
    # The merged compose files are as the compose specification says; nothing of it is named here.
    closed = closed and name != "config"
    about = f"{_LINES.get(name, 'The document')} of `{name} --json`"
    return generation.schema([*DOCUMENTS[name], Failed], title=name, about=about, closed=closed)
