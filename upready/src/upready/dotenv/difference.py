"""How `.env` differs from its schema: what it lacks, what it has beyond it, what it leaves at the default."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from upready.dotenv import schema
from upready.envfile import document
from upready.envfile.entries import Entry
from upready.stack.selection import Stack
from upready.support.errors import EnvFileError


@dataclass(frozen=True)
class Difference:
    """Names of variables, in the schema's or the file's order.

    Attributes:
        missing: In the schema, not in the file.
        extra: In the file, not in the schema.
        default: In the file, with the schema's default.
        changed: In the file, with another value.
    """

    missing: list[str]
    extra: list[str]
    default: list[str]
    changed: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The JSON document of `env.diff`."""
        return asdict(self)


def compare(stack: Stack) -> Difference:
    """Compare a stack's `.env` with its schema, as texts: neither the shell nor compose has a say.

    Raises:
        EnvFileError: One of the two may not be read, or is no text.
    """
    source, env = document.read(stack.example), document.read(stack.env_file)
    for each in (source, env):
        if each.undecodable_value is not None or each.is_utf16:
            line, column = each.undecodable_value or (1, 1)
            raise EnvFileError(
                f"{each.path.name}:{line}:{column}: not UTF-8, so that its values mean nothing",
                next=f"save {each.path.name} as UTF-8 without a byte order mark",
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
    """Whether two entries say the same; where there is a `$`, its quotes decide whether it is one."""
    if default is None or (entry.parsed or "") != (default.parsed or ""):
        return False
    return entry.quote == default.quote or "$" not in (entry.parsed or "")
