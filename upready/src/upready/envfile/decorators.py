"""The decorators of a variable, each with a method that reads its value."""

from __future__ import annotations

import re
from typing import Any

from upready.envfile import condition, kinds, notation
from upready.envfile.notation import Decorator, Problem
from upready.envfile.type_options import KindError
from upready.support import spelling


class Builder:
    """Reads the decorators of a variable; mistakes in them are collected, not raised."""

    def __init__(self, decorators: list[Decorator]) -> None:
        self.problems: list[Problem] = []
        self.environments: list[tuple[str, int, int]] = []
        self.references: list[tuple[str, int, int]] = []
        self._fields: dict[str, Any] = {}
        self._docs: list[str] = []
        seen: set[str] = set()
        for decorator in decorators:
            handle = _HANDLERS.get(decorator.name)
            if handle is None:
                known = ", ".join(f"@{name}" for name in _HANDLERS)
                near = spelling.meant(decorator.name, _HANDLERS)
                self._problem(decorator, f"@{decorator.name} is not a known decorator{near}", f"known: {known}")
                continue
            if decorator.name in seen and decorator.call is None:
                self._problem(decorator, f"@{decorator.name} is given twice", "keep one of them")
                continue
            seen.add(decorator.name)
            try:
                handle(self, decorator)
            except KindError as error:
                self._problem(decorator, f"@{decorator.name}: {error}")
        self._agree(next((each for each in decorators if each.name == "generate"), None))

    def fields(self) -> dict[str, Any]:
        """Arguments for `Variable`."""
        return {**self._fields, "docs": tuple(self._docs)}

    def required(self, decorator: Decorator) -> None:
        """`@required`, `@optional`: always, or where a condition holds."""
        value, optional = decorator.value, decorator.name == "optional"
        if value is None:
            raise KindError("takes a value: @required=forEnv(prod)")
        if isinstance(value, bool):
            self._fields["required"] = value != optional
            return
        found = condition.build(value)
        place = (decorator.line, decorator.column)
        self.environments += [(name, *place) for name in found.environments]
        self.references += [(name, *place) for name in found.names]
        self._fields["required"] = condition.build(notation.Call("not", (value,))) if optional else found

    def sensitive(self, decorator: Decorator) -> None:
        """`@sensitive`, `@public`."""
        if not isinstance(decorator.value, bool):
            raise KindError("takes true or false")
        self._fields["sensitive"] = decorator.value == (decorator.name == "sensitive")

    def type(self, decorator: Decorator) -> None:
        """`@type`."""
        if decorator.value is None:
            raise KindError("takes a value: @type=port")
        self._fields["kind"] = kinds.build(decorator.value)

    def example(self, decorator: Decorator) -> None:
        """`@example`."""
        if not isinstance(decorator.value, str):
            raise KindError("takes a text: @example=value")
        self._fields["example"] = decorator.value

    def docs(self, decorator: Decorator) -> None:
        """`@docs`; may be given more than once."""
        call = decorator.call
        if call is None or call.options or not 1 <= len(call.arguments) <= 2:
            raise KindError("takes an address: @docs(https://…) or @docs(title, https://…)")
        self._docs.append(str(call.arguments[-1]))

    def generate(self, decorator: Decorator) -> None:
        """`@generate`."""
        call = notation.Call(decorator.value) if isinstance(decorator.value, str) else decorator.value
        if not isinstance(call, notation.Call) or call.name != "secret" or call.arguments:
            raise KindError("takes secret(length=32)")
        unknown = set(call.options) - {"length", "prefix"}
        length, prefix = call.options.get("length", "32"), call.options.get("prefix", "")
        if not isinstance(prefix, str):
            raise KindError("prefix takes a text")
        if unknown or not re.fullmatch(r"\d{1,4}", str(length)) or not 16 <= int(str(length)) <= 1024:
            raise KindError("secret takes length=, from 16 to 1024, and prefix=, what stands before it")
        self._fields["generate"], self._fields["prefix"] = int(str(length)), prefix

    def _agree(self, decorator: Decorator | None) -> None:
        """Check a generated value against the type: `env.init` must not write what `env.check` refuses."""
        length, kind = self._fields.get("generate"), self._fields.get("kind")
        if decorator is None or length is None or kind is None:
            return
        # A text with every kind of character that a generated secret can have.
        wanted = kind.test(self._fields["prefix"] + ("aB3d-F7h_" * 114)[: length - 1] + "Z")
        if wanted:
            self._problem(decorator, f"@generate makes a value that @type refuses: it {wanted}")

    def _problem(self, decorator: Decorator, message: str, fix: str = "") -> None:
        self.problems.append(Problem(message, decorator.line, decorator.column, fix))


_HANDLERS = {
    "required": Builder.required,
    "optional": Builder.required,
    "sensitive": Builder.sensitive,
    "public": Builder.sensitive,
    "type": Builder.type,
    "example": Builder.example,
    "docs": Builder.docs,
    "generate": Builder.generate,
}
