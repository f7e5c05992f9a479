"""How `.env` differs from its schema: missing variables, extra ones, and values that are not the default."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from upready.dotenv import schema
from upready.envfile import document
from upready.envfile.entries import Entry
from upready.stack.selection import Stack
from upready.support.errors import EnvFileError
from upready.support.next_step import AGAIN


@dataclass(frozen=True)
class Difference:
    """Names of variables, in the order of the schema or the file.

    Attributes:
        missing: Only in the schema.
        extra: Only in the file.
        default: In both, with the same value.
        changed: In both, with different values.
    """

    missing: list[str]
    extra: list[str]
    default: list[str]
    changed: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The JSON document of `env.diff`."""
        return asdict(self)


def compare(stack: Stack) -> Difference:
    """Compare a stack's `.env` with its schema, as texts: the shell and compose are not asked.

    Raises:
        EnvFileError: One of the two cannot be read, or is not UTF-8.
    """
    source, env = document.read(stack.example), document.read(stack.env_file)
    for each in (source, env):
        if each.undecodable_value is not None or each.is_utf16:
            line, column = each.undecodable_value or (1, 1)
            raise EnvFileError(
                f"{each.path.name}:{line}:{column}: not UTF-8, so its values cannot be compared",
                next=f"save {each.path.name} as UTF-8 without a byte order mark, then: {AGAIN}",
            )
    example = schema.parse(source)
    present = {name: entry for name in example.variables if (entry := env.get(name)) is not None}
    same = {name for name, entry in present.items() if _are_same(entry, source.get(name))}
    return Difference(
        missing=[name for name in example.variables if name not in present],
        extra=[
            name
            for name in env.keys()  # noqa: SIM118 - a document is no dict
            if name not in example.variables and (entry := env.get(name)) is not None and env.may_show(entry)
        ],
        default=[name for name in present if name in same],
        changed=[name for name in present if name not in same],
    )


def _are_same(entry: Entry, default: Entry | None) -> bool:
    """Whether two entries have the same value. If there is a `$`, the quotes decide whether it is a reference."""
    if default is None or (entry.parsed or "") != (default.parsed or ""):
        return False
    return entry.quote == default.quote or "$" not in (entry.parsed or "")
