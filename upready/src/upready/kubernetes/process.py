"""What runs in a container: its words, and its variables; secret ones refer to a Secret."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from upready.kubernetes import names
from upready.kubernetes.subject import Subject
from upready.secrets.secret import Secret

ENVIRONMENT = "env"
"""The end of the name of the Secret with a service's secret variables."""


def words(subject: Subject) -> dict[str, Any]:
    """`command` and `args` of a container, and the variables by which they get secrets.

    Compose's `entrypoint` is Kubernetes' `command`, compose's `command` its `args`.
    """
    found: dict[str, Any] = {}
    variables: list[dict[str, Any]] = []
    entrypoint, command = subject.config.get("entrypoint"), subject.config.get("command")
    if entrypoint == [] and command:
        # The image's entry point is not wanted: the command is the program.
        found["command"] = _words(subject, "command", command, variables)
        command = None
    elif entrypoint == []:
        subject.lose("entrypoint", "Kubernetes cannot leave out the image's entry point without a command")
    elif entrypoint:
        found["command"] = _words(subject, "entrypoint", entrypoint, variables)
    if command:
        found["args"] = _words(subject, "command", command, variables)
    return {**found, "env": [*environment(subject, subject.config, subject.shown), *variables]}


def environment(
    subject: Subject, config: Mapping[str, Any], shown: Mapping[str, Any], suffix: str = ENVIRONMENT
) -> list[dict[str, Any]]:
    """The variables of a service, or of one of its hooks, in the order of their names.

    Args:
        subject: The service.
        config: The entry with the key `environment`.
        shown: The same, with secrets masked.
        suffix: The end of the Secret's name.
    """
    masked = _mapping(shown.get("environment"))
    found = []
    for name, value in sorted(_mapping(config.get("environment")).items()):
        if value is None:  # passed through from a shell that does not have it
            continue
        if masked.get(name) != value:
            reference = subject.secret(suffix, names.key(name), Secret(str(value)))
            found.append({"name": name, "valueFrom": {"secretKeyRef": reference}})
        else:
            found.append({"name": name, "value": literal(str(value))})
    return found


def literal(text: str) -> str:
    """A text that Kubernetes leaves as it is: `$(NAME)` would be a variable's value, and `$$` one `$`."""
    return re.sub(r"\$(?=[$(])", "$$", text)


def _words(subject: Subject, key: str, given: Sequence[Any], variables: list[dict[str, Any]]) -> list[str]:
    """The words of a command; one that holds a secret becomes a reference to a variable with the whole word."""
    shown = subject.shown.get(key) or []
    found = []
    for index, word in enumerate(map(str, given)):
        if index < len(shown) and str(shown[index]) == word:
            found.append(literal(word))
            continue
        name = f"{key.upper()}_{index}"
        reference = subject.secret(ENVIRONMENT, name, Secret(word))
        variables.append({"name": name, "valueFrom": {"secretKeyRef": reference}})
        found.append(f"$({name})")
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
