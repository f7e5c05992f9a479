"""Every error says what to do next: all places that make one are looked at, in the source itself."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from upready.support import errors

ROOT = Path(__file__).resolve().parents[2]

WITHOUT = {
    ("upready/src/upready/stack/compose.py", "_plugin"): "program adds it: it takes the words only",
    ("upready/src/upready/stack/service.py", "_checked"): "refusal.at adds it, with the line of the compose file",
    ("upready/src/upready/runtime/native/spec.py", "_plan"): "refusal.at adds it, with the line of the compose file",
    ("upready/src/upready/runtime/native/spec.py", "_checked"): "refusal.at adds it, with the line of the compose file",
    ("upready/src/upready/runtime/native/spec.py", "_count"): "refusal.at adds it, with the line of the compose file",
    (
        "upready/src/upready/runtime/native/executables.py",
        "put",
    ): "refusal.at adds it, with the line of the compose file",
    ("upready/src/upready/stack/settings.py", "_environment"): "placement.placed adds it, with the line of invoke.yaml",
    ("upready/src/upready/stack/settings.py", "_mapping"): "placement.placed adds it, with the line of invoke.yaml",
    ("upready/src/upready/stack/settings.py", "_strings"): "placement.placed adds it, with the line of invoke.yaml",
    ("upready/src/upready/stack/settings.py", "_text"): "placement.placed adds it, with the line of invoke.yaml",
    ("upready/src/upready/stack/settings.py", "_known"): "placement.placed adds it, with the line of invoke.yaml",
    ("upready/src/upready/stack/settings.py", "_misnamed"): "placement.placed adds it, with the line of invoke.yaml",
}
"""Where an error is made without a next step, and why that is right."""

CLASSES = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.OpsError)}
VARIABLES = {"kind", "otherwise"}
"""Names by which a function calls an error whose class it was given."""


@functools.cache
def places() -> list[tuple[str, str, int, ast.Call]]:
    """Each place that makes an error: file, function, line, and the call."""
    return list(_made())


def _made() -> Iterator[tuple[str, str, int, ast.Call]]:
    for file in [*sorted((ROOT / "upready" / "src").rglob("*.py")), ROOT / "tasks.py"]:
        tree = ast.parse(file.read_text("utf-8"))
        own = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and CLASSES & {ast.unparse(each) for each in node.bases}
        }
        for function, call in calls(tree, ""):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in CLASSES | VARIABLES and name not in own:
                yield file.relative_to(ROOT).as_posix(), function, call.lineno, call


def calls(node: ast.AST, function: str) -> Iterator[tuple[str, ast.Call]]:
    for each in ast.iter_child_nodes(node):
        inside = each.name if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(each, ast.Call):
            yield function, each
        yield from calls(each, inside)


def has_step(call: ast.Call) -> bool:
    """Whether a call gives a next step, on every branch of a condition."""
    given = [keyword.value for keyword in call.keywords if keyword.arg in ("next", None)]
    return bool(given) and not any(isinstance(part, ast.Constant) and part.value == "" for part in branches(given[0]))


def branches(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.IfExp):
        yield from branches(value.body)
        yield from branches(value.orelse)
    else:
        yield value


def test_many_places_are_found() -> None:
    assert len(places()) > 100
    assert {
        "upready/src/upready/commands/command.py",
        "upready/src/upready/stack/compose_failure.py",
        "upready/src/upready/stack/selection.py",
        "tasks.py",
    } <= {file for file, *_ in places()}


def test_an_error_has_a_next_step() -> None:
    """A place makes an error without `next=` only where WITHOUT says why."""
    bare = [
        f"{file}:{line}"
        for file, function, line, call in places()
        if not has_step(call) and (file, function) not in WITHOUT
    ]
    assert not bare


def test_every_reason_is_still_needed() -> None:
    bare = {(file, function) for file, function, _, call in places() if not has_step(call)}
    assert sorted(WITHOUT.keys() - bare) == []
