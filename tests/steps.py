"""Every next step that the package can say, read from its source: what each `next=` and `fix=` may become.

An expression is followed through conditions, local names, constants and the functions of the package; what only a run
can know stays as a mark, `⟦source⟧`. So a step that is new is found without anybody having to name it.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upready.support import next_step, shell_words

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "upready" / "src" / "upready"

PLACES = {"Finding": {"diagnosis": 1, "doctor": 3}, "about_value": 4, "about_entry": 4, "about_unreadable": 2}
"""Calls that take a step by its position, by their name; for one of several rooms, by the room."""

PASSED_ON = {"next", "fix", "remedy", "stop"}
"""Attributes that hold a step which was made elsewhere."""

MOST = 200
"""Texts that one expression may become; far more than any has."""

_OF_A_STEP = ("invoke ", "docker ", "<the same command", "--")

DEEPEST = 8
"""Functions and names that are followed from one expression."""

Texts = tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One step as it stands in the source.

    Attributes:
        file: The file, relative to the package.
        line: Its line.
        ways: What it may say, a way each, with marks for what only a run can know.
    """

    file: str
    line: int
    ways: Texts


@functools.cache
def collect() -> tuple[Step, ...]:
    """All steps of the package, and of the project's own `tasks.py`."""
    files = {file.relative_to(SOURCES).as_posix(): ast.parse(file.read_text("utf-8")) for file in SOURCES.rglob("*.py")}
    reader = _Reader(files)
    found = []
    for name, tree in sorted(files.items()):
        for value, around in _written(name, tree, ()):
            texts = reader.read(value, _Scope(name, around, {}))
            ways = dict.fromkeys(way for text in texts for way in text.splitlines() if way)
            found.append(Step(name, value.lineno, tuple(ways)))
    return tuple(found)


def _written(name: str, node: ast.AST, around: tuple[ast.AST, ...]) -> Iterator[tuple[ast.expr, tuple[ast.AST, ...]]]:
    """Each expression that is a step, with the functions that it stands in, the innermost first."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.Call):
            yield from ((value, around) for value in _steps_of(name, each))
        if isinstance(each, ast.Assign) and any(
            isinstance(target, ast.Attribute) and target.attr == "next" for target in each.targets
        ):
            yield each.value, around
        inner = (each, *around) if isinstance(each, ast.FunctionDef) else around
        yield from _written(name, each, inner)


def _steps_of(name: str, call: ast.Call) -> Iterator[ast.expr]:
    yield from (each.value for each in call.keywords if each.arg in ("next", "fix"))
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called == "say_next":
        yield call.args[0]
    place = PLACES.get(called)
    if isinstance(place, dict):
        place = place.get(name.partition("/")[0])
    if place is not None and len(call.args) > place:
        yield call.args[place]


@dataclass(frozen=True)
class _Scope:
    file: str
    around: tuple[ast.AST, ...]
    given: Mapping[str, Texts]
    depth: int = 0


class _Reader:
    def __init__(self, files: Mapping[str, ast.Module]) -> None:
        self.files = files
        self.functions: dict[str, list[tuple[str, ast.FunctionDef]]] = {}
        for file, tree in files.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    self.functions.setdefault(node.name, []).append((file, node))

    def read(self, node: ast.expr | None, scope: _Scope) -> Texts:
        """The texts that an expression may become; none for a step that was made elsewhere."""
        texts = getattr(self, f"_{type(node).__name__.lower()}", self._mark)(node, scope)
        assert len(texts) <= MOST, (scope.file, getattr(node, "lineno", 0))
        return tuple(dict.fromkeys(texts))

    def _some(self, node: ast.expr, scope: _Scope) -> Texts:
        """The texts of an expression, or its mark where it was made elsewhere."""
        return self.read(node, scope) or self._mark(node, scope)

    def _mark(self, node: ast.expr, scope: _Scope) -> Texts:
        return (f"⟦{ast.unparse(node)}⟧",)

    def _constant(self, node: ast.Constant, scope: _Scope) -> Texts:
        return (str(node.value),) if node.value is not None else ("",)

    def _joinedstr(self, node: ast.JoinedStr, scope: _Scope) -> Texts:
        return _joined(self.read(each, scope) for each in node.values)

    def _formattedvalue(self, node: ast.FormattedValue, scope: _Scope) -> Texts:
        found = self.read(node.value, scope)
        # A place or a name is only a word; it is followed no further unless it may be a part of a command.
        stepped = any(next_step.is_command(text) or any(part in text for part in _OF_A_STEP) for text in found)
        return found if stepped else self._mark(node.value, scope)

    def _ifexp(self, node: ast.IfExp, scope: _Scope) -> Texts:
        return self.read(node.body, scope) + self.read(node.orelse, scope)

    def _boolop(self, node: ast.BoolOp, scope: _Scope) -> Texts:
        found = [self.read(each, scope) for each in node.values]
        if isinstance(node.op, ast.Or):  # an empty text is not taken
            found[:-1] = [tuple(filter(None, each)) for each in found[:-1]]
        return tuple(itertools.chain.from_iterable(found))

    def _binop(self, node: ast.BinOp, scope: _Scope) -> Texts:
        if not isinstance(node.op, ast.Add):
            return self._mark(node, scope)
        return _joined([self.read(node.left, scope), self.read(node.right, scope)])

    def _namedexpr(self, node: ast.NamedExpr, scope: _Scope) -> Texts:
        return self.read(node.value, scope)

    def _starred(self, node: ast.Starred, scope: _Scope) -> Texts:
        return self.read(node.value, scope)

    def _generatorexp(self, node: ast.GeneratorExp, scope: _Scope) -> Texts:
        return self.read(node.elt, scope)

    def _attribute(self, node: ast.Attribute, scope: _Scope) -> Texts:
        if node.attr in PASSED_ON:
            return ()
        if (constant := _constant_of(scope.file, ast.unparse(node))) is not None:
            return (constant,)
        for file, made in self.functions.get(node.attr, ()) if scope.depth < DEEPEST else ():
            if any(ast.unparse(each) in ("property", "cached_property") for each in made.decorator_list):
                return self._returned(file, made, scope, {})
        return self._mark(node, scope)

    def _name(self, node: ast.Name, scope: _Scope) -> Texts:
        if node.id in scope.given:
            return scope.given[node.id]
        for function in scope.around:
            values = [value for name, value in _assigned(function) if name == node.id]
            if values and scope.depth < DEEPEST:
                inner = _Scope(scope.file, scope.around, {**scope.given, node.id: (f"⟦{node.id}⟧",)}, scope.depth + 1)
                return tuple(text for value, place in values for text in self._one_of(value, place, inner))
        constant = _constant_of(scope.file, node.id)
        return (constant,) if constant is not None else self._mark(node, scope)

    def _one_of(self, value: ast.expr, place: int | None, scope: _Scope) -> Texts:
        """What a name is given: the whole value, or one of a tuple."""
        if place is None:
            return self.read(value, scope)
        if isinstance(value, ast.Tuple):
            return self.read(value.elts[place], scope)
        if isinstance(value, ast.IfExp):
            return self._one_of(value.body, place, scope) + self._one_of(value.orelse, place, scope)
        if isinstance(value, ast.BoolOp):
            return tuple(text for each in value.values for text in self._one_of(each, place, scope))
        if isinstance(value, ast.Call) and scope.depth < DEEPEST and (found := self._defined(value, scope)):
            file, made = found
            inner = _Scope(file, (made,), self._bound(made, value, scope), scope.depth + 1)
            return tuple(
                text
                for each in _returns(made)
                if isinstance(each, ast.Tuple)
                for text in self.read(each.elts[place], inner)
            )
        return self._mark(value, scope)

    def _call(self, node: ast.Call, scope: _Scope) -> Texts:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "either":
            return tuple(text for each in node.args for text in self.read(each, scope))
        if name == "join" and isinstance(node.func, ast.Attribute):
            return self.read(node.args[0], scope)
        if name in ("rstrip", "strip", "format") and isinstance(node.func, ast.Attribute):
            return self.read(node.func.value, scope)
        owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        module = {"next_step": next_step, "shell_words": shell_words}.get(owner)
        if module is not None:
            return self._really(getattr(module, name), node, scope)
        if scope.depth < DEEPEST and (found := self._defined(node, scope)):
            file, made = found
            return self._returned(file, made, scope, self._bound(made, node, scope))
        return self._mark(node, scope)

    def _really(self, function: Any, node: ast.Call, scope: _Scope) -> Texts:
        """What one of the small functions that put steps together really makes."""
        parameters = list(inspect.signature(function).parameters.values())
        wanted = [str(parameters[min(number, len(parameters) - 1)].annotation) for number in range(len(node.args))]
        values: list[Iterable[Any]] = [
            [Path("place")] if kind == "Path" else [1] if kind in ("int", "float") else self._some(each, scope)
            for kind, each in zip(wanted, node.args, strict=True)
        ]
        named = {str(each.arg): ast.literal_eval(each.value) for each in node.keywords}
        return tuple(function(*each, **named) for each in itertools.product(*values))

    def _defined(self, node: ast.Call, scope: _Scope) -> tuple[str, ast.FunctionDef] | None:
        """The function that a call means: of its own file, of the module that it names, or the only one of its name."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        found = self.functions.get(name, [])
        file = "diagnosis/evidence.py" if owner == "evidence" else scope.file
        own = [each for each in found if each[0] == file] if owner in ("", "self", "evidence") else []
        named = [each for each in found if Path(each[0]).stem == owner]
        chosen = own or named or found
        return chosen[0] if len(chosen) == 1 else None

    def _bound(self, made: ast.FunctionDef, node: ast.Call, scope: _Scope) -> dict[str, Texts]:
        names = [each.arg for each in made.args.args if each.arg not in ("self", "cls")]
        bound = dict(zip(names, (self._some(each, scope) for each in node.args), strict=False))
        every = [*made.args.args, *made.args.kwonlyargs]
        defaults = [*([None] * (len(made.args.args) - len(made.args.defaults))), *made.args.defaults]
        for argument, default in zip(every, [*defaults, *made.args.kw_defaults], strict=True):
            if default is not None and argument.arg not in bound:
                bound[argument.arg] = self.read(default, scope)
        return bound | {str(each.arg): self._some(each.value, scope) for each in node.keywords}

    def _returned(self, file: str, made: ast.FunctionDef, scope: _Scope, given: Mapping[str, Texts]) -> Texts:
        inner = _Scope(file, (made,), given, scope.depth + 1)
        return tuple(text for each in _returns(made) for text in self.read(each, inner))


def _joined(parts: Iterable[Texts]) -> Texts:
    return tuple("".join(each) for each in itertools.product(*parts))


def _returns(made: ast.AST) -> Iterator[ast.expr]:
    for each in ast.walk(made):
        if isinstance(each, ast.Return) and each.value is not None:
            yield each.value


def _assigned(function: ast.AST) -> Iterator[tuple[str, tuple[ast.expr, int | None]]]:
    """What the names of a function are given, each with its place where it is one of a tuple."""
    for each in ast.walk(function):
        if isinstance(each, ast.Assign):
            for target in each.targets:
                yield from _targets(target, each.value)
        elif isinstance(each, ast.NamedExpr | ast.AnnAssign | ast.AugAssign) and each.value is not None:
            yield from _targets(each.target, each.value)


def _targets(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, tuple[ast.expr, int | None]]]:
    if isinstance(target, ast.Name):
        yield target.id, (value, None)
    elif isinstance(target, ast.Tuple):
        for place, each in enumerate(target.elts):
            if isinstance(each, ast.Name):
                yield each.id, (value, place)


def _constant_of(file: str, name: str) -> str | None:
    """The text that a name has in a module itself: a constant, its own or imported."""
    if name.split(".")[0] == "self":
        return None
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    value: Any = importlib.import_module(f"upready.{module}")
    for part in name.split("."):
        value = getattr(value, part, None)
    return value if isinstance(value, str) else None
