"""Everything that a check may look at: the file, the schema, compose's view, the shell, git."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from upready.dotenv.compose_values import Value
from upready.dotenv.mentions import Mentions
from upready.dotenv.passing import WholeFile
from upready.dotenv.schema import Schema, Variable
from upready.dotenv.usages import STEERING, Uses
from upready.envfile import kinds, naming
from upready.envfile.document import Document
from upready.envfile.entries import Entry
from upready.envfile.kinds import Kind
from upready.stack.env_file_error import UnreadableError

_CERTAIN = ((r"(^|_)PORT$", kinds.build("port")), (r"_URL$", kinds.build("url")), (r"_EMAIL$", kinds.build("email")))
_BOOLEAN = kinds.build("boolean")
_COMMENTED = re.compile(r"^[ \t]*#+[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=", re.MULTILINE | re.ASCII)


@dataclass(frozen=True)
class Refused:
    """Compose cannot read the compose files until variables of the example have a value.

    Attributes:
        words: Compose's own.
        without: The variables that have none.
    """

    words: str
    without: frozenset[str]


@dataclass(frozen=True)
class Context:
    """What is known about a project's `.env`; a check reads it and nothing else.

    Attributes:
        root: The project's folder.
        environment: Name of the environment it is checked for.
        environments: Names of all there are; empty where that is not known.
        refused: Why compose cannot read the compose files, where it could with the example's values.
        mentions: Which of the names that no compose file uses other files of the project mention.
        strict: Whether the rules for production hold.
        env: The file.
        schema: What may be set.
        values: Compose's view of every variable that is known from anywhere; where compose cannot read the file, what
            python-dotenv makes of it, so that one broken line does not hide what else is wrong.
        unreadable: Why it cannot.
        uses: What the compose files use.
        shell: The variables that compose gets from its own environment.
        profile: Those that a profile of `invoke.yaml` sets over them.
        git: `tracked`, `unignored` or `ignored`; None outside a git repository.
    """

    root: Path
    environment: str
    strict: bool
    env: Document
    schema: Schema
    values: Mapping[str, Value] = field(default_factory=dict)
    unreadable: UnreadableError | None = None
    uses: Uses = field(default_factory=Uses)
    shell: Mapping[str, str] = field(default_factory=dict, repr=False)
    profile: Mapping[str, str] = field(default_factory=dict, repr=False)
    git: str | None = None
    environments: tuple[str, ...] = ()
    refused: Refused | None = None
    mentions: Mentions = field(default_factory=Mentions)

    def secrets(self) -> list[Value]:
        """The secrets that have a value, in the order of the schema, then of the file."""
        return [value for value in self.values.values() if value.sensitive and value.text]

    def requires(self, name: str) -> bool:
        """Whether the schema says that this environment cannot do without a variable, as the others are now."""

        def text(other: str) -> str:
            value = self.values.get(other)
            return value.text if value is not None else ""

        return self.schema.required(name, self.environment, text)

    def is_known(self, name: str) -> bool:
        """Whether a name is one to somebody but the file: the schema, a compose file, the tools, the shell."""
        return name in self._known

    def is_described(self, name: str) -> bool:
        """Whether the example describes a variable: as `NAME=`, or as `# NAME=`, which is there to be taken in."""
        return name in self.schema.variables or name in self._commented

    def is_interpolated(self, name: str) -> bool:
        """Whether compose itself puts a variable into some file of the project, or passes it on."""
        return name in self._used

    def readers(self, name: str) -> list[WholeFile]:
        """The services that get a variable of `.env` because they get all that is in it."""
        return [file for file in self.uses.readers(self.env.path) if name not in file.own]

    def is_raw(self, name: str) -> bool:
        """Whether every service that gets a variable gets it as it is written (`format: raw`)."""
        readers = self.readers(name)
        return bool(readers) and all(file.raw for file in readers) and not self.is_interpolated(name)

    @functools.cached_property
    def interpolated(self) -> dict[str, str]:
        """What `${NAME}` gives for each variable that somebody has given; defaults are not in it."""
        return {
            value.name: value.interpolated.reveal() for value in self.values.values() if value.interpolated is not None
        }

    def is_overridden(self, name: str) -> bool:
        """Whether something wins over what the file says."""
        return name in self.shell or name in self.profile

    def name(self, entry: Entry) -> str:
        """The name of an entry as a finding may tell it; nothing where it may be a line of a secret."""
        told = self.is_known(entry.key) or (naming.is_plausible(entry) and entry.start <= self.env.torn_from)
        return entry.key if told else ""

    def is_swallowed(self, name: str) -> bool:
        """Whether a variable stands in the file, but behind a quote that is not closed, and so in another's value."""
        begin = rf"^[ \t]*(?:export[ \t]+)?{re.escape(name)}[ \t]*="
        behind = self.env.text[self.env.torn_from :]
        return bool(behind) and re.search(begin, behind, re.MULTILINE) is not None

    @functools.cached_property
    def _commented(self) -> frozenset[str]:
        return frozenset(_COMMENTED.findall(self.schema.text))

    @functools.cached_property
    def _used(self) -> frozenset[str]:
        return frozenset(self.uses.names())

    @functools.cached_property
    def _known(self) -> frozenset[str]:
        return frozenset({*self.schema.variables, *self.uses.names(), *STEERING, *self.shell})

    def guess(self, variable: Variable) -> Kind | None:
        """The type of a variable in a schema without decorators, where its name and its default leave no doubt."""
        if self.schema.decorated or not variable.default:
            return None
        name, default = variable.name, variable.default
        for pattern, kind in _CERTAIN:
            if re.search(pattern, name) and kind.test(default) is None:
                return kind
        return _BOOLEAN if default in ("true", "false") else None

    def place(self, name: str, *, of_value: bool = False) -> tuple[int, int]:
        """Line and column of a variable in the file, or of its value; zeros where it does not stand there."""
        entry = self.env.get(name)
        if entry is None:
            return (0, 0)
        return (entry.value_line, entry.value_column) if of_value else (entry.line, entry.column)
