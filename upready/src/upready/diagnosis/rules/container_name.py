"""A name of a container that another container has, mostly one of another project."""

from __future__ import annotations

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.docker.engine import PROJECT
from upready.runtime.interface import Container
from upready.support import next_step, shell_words

_ENDED = ("created", "exited", "dead")
"""The states of a container that does not run, and that the engine does not start again."""


def find(evidence: Evidence) -> Finding | None:
    """The engine says that the name is taken. Its labels tell whose container has it."""
    failure = evidence.failure
    if failure is None or failure.kind != "container name" or evidence.docker is None:
        return None
    name = failure.container
    other = evidence.docker.inspect(name) if name else None
    if other is None:
        return None
    change = evidence.change(("container_name",)) if evidence.service.config.get("container_name") else ""
    # Without --force it removes nothing that runs, should somebody start it meanwhile.
    remove = f"docker rm {shell_words.word(name)}"
    forced = f"if nobody needs that one: docker rm --force {shell_words.word(name)}"
    steps = [remove, change] if other.state in _ENDED else [change, forced]
    told = f"could not start: another container has its name, {name}: {_described(other)}"
    return Finding(told, next_step.either(*steps), cause="name")


def _described(other: Container) -> str:
    """Whose container it is, and whether it runs."""
    labels = (other.raw.get("Config") or {}).get("Labels") or {}
    project = f"of project {labels[PROJECT]}" if labels.get(PROJECT) else "of no project"
    return ", ".join(filter(None, [project, f"from {other.folder}" if other.folder else "", other.state]))
