"""What the checks look at: the file, the schema, compose's view of the values, the shell, git."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from upready.dotenv.finding import Finding, Severity
from upready.dotenv.mentions import Mentions
from upready.dotenv.schema import Schema, Variable
from upready.dotenv.service_environment import WholeFile
from upready.dotenv.usages import STEERING, Uses
from upready.dotenv.value import Value
from upready.envfile import kinds
from upready.envfile.document import Document
from upready.envfile.entries import Entry
from upready.envfile.kinds import Kind
from upready.stack.env_file_error import UnreadableError

_CERTAIN = ((r"(^|_)PORT$", kinds.build("port")), (r"_URL$", kinds.build("url")), (r"_EMAIL$", kinds.build("email")))
_BOOLEAN = kinds.build("boolean")
_COMMENTED = re.compile(r"^[ \t]*#+[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=", re.MULTILINE | re.ASCII)

REFUSES = "compose refuses the whole file"
"""Why most errors of notation matter."""


@dataclass(frozen=True)
class Refused:
    """Compose cannot read the compose files until some variables of the schema have values.

    Attributes:
        message: Compose's error message.
        without: The variables that have no value.
    """

    message: str
    without: frozenset[str]


@dataclass(frozen=True)
class Context:
    """Everything that the checks know about a project's `.env`. A check reads nothing else.

    Attributes:
        root: The project's folder.
        environment: Name of the environment that the file is checked for.
        strict: Whether the rules for production apply.
        env: The file.
        schema: The schema, `.env.example`.
        values: The value of each known variable, as compose sees it. If compose cannot read the file, the values are
            python-dotenv's: one broken line must not hide the other problems.
        unreadable: Compose's error if it cannot read the file.
        broken: Its errors about other files, which services that are started have as `env_file`.
        uses: Where the compose files use variables.
        shell: The variables of the shell.
        profile: The variables that a profile of `invoke.yaml` sets; they win over the shell's.
        read_files: The files that compose reads variables from; a later one wins.
        later: The variables that another one of these gives their values.
        git: `tracked`, `unignored` or `ignored`; None outside a git repository.
        environments: Names of all environments; empty if they are not known.
        refused: Set if compose cannot read the compose files now, but could with the schema's values.
        mentions: The other files of the project that mention variables which no compose file uses.
    """

    root: Path
    environment: str
    strict: bool
    env: Document
    schema: Schema
    values: Mapping[str, Value] = field(default_factory=dict)
    unreadable: UnreadableError | None = None
    broken: tuple[UnreadableError, ...] = ()
    uses: Uses = field(default_factory=Uses)
    shell: Mapping[str, str] = field(default_factory=dict, repr=False)
    profile: Mapping[str, str] = field(default_factory=dict, repr=False)
    read_files: tuple[Path, ...] = ()
    later: frozenset[str] = frozenset()
    git: str | None = None
    environments: tuple[str, ...] = ()
    refused: Refused | None = None
    mentions: Mentions = field(default_factory=Mentions)

    def about_value(
        self,
        check: str,
        name: str,
        message: str,
        why: str,
        fix: str,
        severity: Severity = "warning",
        *,
        at_name: bool = False,
    ) -> Finding:
        """A finding about a variable. It points to the value in the file, or to the name with `at_name`."""
        entry = self.env.get(name)
        line, column = (0, 0) if entry is None else (entry.value_line, entry.value_column)
        if entry is not None and at_name:
            line, column = entry.line, entry.column
        return Finding(check, message, why, fix, severity, name, line, column)

    def about_entry(
        self,
        check: str,
        entry: Entry,
        what: str,
        why: str,
        fix: str,
        severity: Severity = "warning",
        *,
        offset: int | None = 0,
    ) -> Finding:
        """A finding about one line of the file.

        Args:
            check: Name of the check.
            entry: The line.
            what: The message without its subject, which is the variable's name, or "a line" if the name may be secret.
            why: Why it matters.
            fix: How to fix it; `{name}` stands for the variable's name.
            severity: Error or warning.
            offset: The finding points to this character of the value; None: to the name.
        """
        name = self.name(entry)
        line, column = entry.line, entry.column
        if offset is not None:
            before = entry.raw[:offset]
            line = entry.value_line + before.count("\n")
            column = offset - before.rfind("\n") if "\n" in before else entry.value_column + offset
        fix = fix.replace("{name}", name or "NAME")
        return Finding(check, f"{name or 'a line'} {what}", why, fix, severity, name, line, column)

    def about_unreadable(self, check: str, message: str, fix: str) -> Finding:
        """The finding that compose cannot read the file, at the line that compose names."""
        line = self.unreadable.line if self.unreadable is not None else 0
        return Finding(check, message, REFUSES, fix, "error", line=line, column=min(line, 1))

    def secrets(self) -> list[Value]:
        """The secrets that have a value, in the order of the schema, then of the file."""
        return [value for value in self.values.values() if value.sensitive and value.text]

    def requires(self, name: str) -> bool:
        """Whether the schema requires a variable in this environment, with the current values of the others."""

        def text(other: str) -> str:
            value = self.values.get(other)
            return value.text if value is not None else ""

        return self.schema.required(name, self.environment, text)

    def is_known(self, name: str) -> bool:
        """Whether the schema, a compose file, the shell or a tool (compose, Docker) knows the variable."""
        return name in self._known

    def is_described(self, name: str) -> bool:
        """Whether the schema has the variable, as `NAME=` or as a comment `# NAME=`."""
        return name in self.schema.variables or name in self._commented

    def is_interpolated(self, name: str) -> bool:
        """Whether a compose file uses the variable: as `${NAME}`, or by passing it on."""
        return name in self._used

    def readers(self, name: str) -> list[WholeFile]:
        """The services that get the variable because `.env` is their `env_file`."""
        return [file for file in self.uses.readers(self.env.path) if name not in file.own]

    def is_raw(self, name: str) -> bool:
        """Whether all services get the variable exactly as written (`env_file` with `format: raw`)."""
        readers = self.readers(name)
        return bool(readers) and all(file.raw for file in readers) and not self.is_interpolated(name)

    @functools.cached_property
    def interpolated(self) -> dict[str, str]:
        """The value of `${NAME}` for each variable that is set; compose's defaults are not included."""
        return {
            value.name: value.interpolated.reveal() for value in self.values.values() if value.interpolated is not None
        }

    def is_overridden(self, name: str) -> bool:
        """Whether the shell, a profile or a later file sets the variable; all three win over the file."""
        return name in self.shell or name in self.profile or name in self.later

    def name(self, entry: Entry) -> str:
        """The name of an entry; empty if it may be a piece of a secret, which no finding may show."""
        return entry.key if self.is_known(entry.key) or self.env.may_show(entry) else ""

    def is_swallowed(self, name: str) -> bool:
        """Whether the variable stands behind a quote that is not closed, and so is part of another value."""
        begin = rf"^[ \t]*(?:export[ \t]+)?{re.escape(name)}[ \t]*="
        behind = self.env.text[self.env.torn_from :]
        return bool(behind) and re.search(begin, behind, re.MULTILINE) is not None

    def guess(self, variable: Variable) -> Kind | None:
        """The type of a variable in a schema without decorators, if its name and default leave no doubt."""
        if self.schema.decorated or not variable.default:
            return None
        name, default = variable.name, variable.default
        for pattern, kind in _CERTAIN:
            if re.search(pattern, name) and kind.test(default) is None:
                return kind
        return _BOOLEAN if default in ("true", "false") else None

    @functools.cached_property
    def _commented(self) -> frozenset[str]:
        return frozenset(_COMMENTED.findall(self.schema.text))

    @functools.cached_property
    def _used(self) -> frozenset[str]:
        return frozenset(self.uses.names())

    @functools.cached_property
    def _known(self) -> frozenset[str]:
        return frozenset({*self.schema.variables, *self._used, *STEERING, *self.shell})
