"""JSON Schema (2020-12) of a TypedDict.

Fields that a schema does not name are allowed: later versions may add some. `closed` refuses them, for tests.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from upready.schemas.parts import OneOf

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_PLAIN: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def schema(documents: Iterable[Any], *, title: str, about: str, closed: bool = False) -> dict[str, Any]:
    """The schema of a document that is one of several.

    Args:
        documents: TypedDicts.
        title: The schema's title.
        about: Its description.
        closed: Whether to refuse what the types do not name.
    """
    found = _Definitions(closed=closed)
    forms = [found.of(each) for each in documents]
    return {
        "$schema": DIALECT,
        "title": title,
        "description": about,
        "type": "object",
        **(forms[0] if len(forms) == 1 else {"anyOf": forms}),
        "$defs": dict(sorted(found.made.items())),
    }


class _Definitions:
    """The definitions that types have needed so far, by their names."""

    def __init__(self, *, closed: bool) -> None:
        self._closed = closed
        self.made: dict[str, dict[str, Any]] = {}

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of a type; what has a name becomes a definition, and is referred to."""
        if typing.is_typeddict(kind):
            if kind.__name__ not in self.made:
                self.made[kind.__name__] = {}  # its place, should it refer to itself
                self.made[kind.__name__] = self._object(kind)
            return {"$ref": f"#/$defs/{kind.__name__}"}
        if kind is Any:
            return {}
        if kind in _PLAIN:
            return {"type": _PLAIN[kind]}
        return self._composed(typing.get_origin(kind), typing.get_args(kind))

    def _composed(self, origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
        """The schema of a type that is made of others: `list[str]` is `list` and `str`."""
        if origin in (typing.Union, types.UnionType):
            return self._union([self.of(each) for each in arguments])
        if origin is list:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin in (dict, Mapping):
            return {"type": "object", "additionalProperties": self.of(arguments[1]) or True}
        if origin is typing.Annotated:
            return {**self.of(arguments[0]), **_more(arguments[1:])}
        if origin in (typing.NotRequired, typing.Required):
            return self.of(arguments[0])
        raise TypeError(origin)

    def _object(self, kind: Any) -> dict[str, Any]:
        hints = typing.get_type_hints(kind, include_extras=True)
        properties = {name: self.of(each) for name, each in hints.items()}
        about = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        needed = sorted(kind.__required_keys__, key=list(properties).index)
        return {
            "type": "object",
            "description": about,
            "properties": properties,
            **({"required": needed} if needed else {}),
            **({"additionalProperties": False} if self._closed else {}),
        }

    @staticmethod
    def _union(forms: list[dict[str, Any]]) -> dict[str, Any]:
        """One of several; where all are plain types, in the short form."""
        if all(form.keys() == {"type"} for form in forms):
            return {"type": [form["type"] for form in forms]}
        return {"anyOf": forms}


def _more(said: Iterable[object]) -> dict[str, Any]:
    """What `Annotated` says beside a type: the texts that there are, and what the field means."""
    more: dict[str, Any] = {}
    for each in said:
        if isinstance(each, OneOf):
            more["enum"] = list(each.texts)
        elif isinstance(each, str):
            more["description"] = each
    return more
