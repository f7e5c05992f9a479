"""Find where the number of a published port is set, a variable or a line of a compose file, and how to change it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready.stack.selection import Stack
from upready.support import yaml_location
from upready.support.errors import OpsError
from upready.support.next_step import AGAIN
from upready.support.yaml_location import below

if TYPE_CHECKING:
    from upready.dotenv.port_bindings import Binding


def change(stack: Stack, service: str, number: int, to: int) -> str:
    """The step that publishes another port, as a command if there is one.

    Args:
        stack: Whose compose files.
        service: The service that publishes the port.
        number: The port as it is.
        to: A port that is free.
    """
    from upready.dotenv import inputs, remedy

    try:
        context = inputs.gather(stack)
    except OpsError:
        return f"choose another port for {service} in the compose files, then: {AGAIN}"
    for binding in context.uses.bindings:
        if binding.service == service and binding.may_be(number, context.interpolated):
            for name in dict.fromkeys(binding.variables):
                if value := binding.moved(name, context.interpolated, to):
                    return remedy.another(context, name, to=value)
            if name := next(iter(binding.variables), ""):
                return remedy.another(context, name)
            break
    return f"choose another port in {place(stack, service, number)}, then: {AGAIN}"


def is_variable(stack: Stack, service: str, number: int) -> bool:
    """Whether a port that a service publishes comes from a variable, so that another one can be chosen."""
    from upready.dotenv import inputs

    with contextlib.suppress(OpsError):
        context = inputs.gather(stack)
        given = context.interpolated
        return any(
            each.service == service and each.may_be(number, given) and variable(each, given)
            for each in context.uses.bindings
        )
    return False


def variable(binding: Binding, given: Mapping[str, str]) -> str | None:
    """The one variable that decides the port on this machine; None if it is a number, or made of several."""
    names = dict.fromkeys(binding.variables)
    return next((name for name in names if binding.moved(name, given, 23456)), None)


def place(stack: Stack, service: str, number: int) -> str:
    """File and line where a port is written, as far as that is known."""
    for file in reversed(stack.files):
        for line, binding in _written(file, service):
            if binding.may_be(number, {}):
                return f"{yaml_location.relative(file, stack.root)}:{line}"
    names = ", ".join(yaml_location.relative(file, stack.root) for file in stack.files)
    return f"the ports of {service}, which stand in what {names} takes in" if names else f"the ports of {service}"


def _written(file: Path, service: str) -> Iterator[tuple[int, Binding]]:
    """The ports that a compose file gives a service, each with its line."""
    from upready.dotenv import port_bindings

    for document in yaml_location.documents(file):
        listed = below(below(below(document, "services"), service), "ports")
        for item in getattr(listed, "value", None) or []:
            for each in port_bindings.of({service: {"ports": [_plain(item)]}}, ["*"]):
                yield item.start_mark.line + 1, each


def _plain(node: Any) -> Any:
    """The text of a scalar, or the texts of a mapping."""
    if node.id != "mapping":
        return str(node.value)
    return {name.value: value.value for name, value in node.value}
