"""The variables that a user may set: `.env.example`, read as a schema.

Each variable has a comment block directly above it: a sentence for people, then decorators in @env-spec notation. A
file without decorators is a schema too, with less information: names, defaults and descriptions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from upready.envfile import document, kinds, notation
from upready.envfile.condition import Condition, Look, as_boolean
from upready.envfile.decorators import Builder
from upready.envfile.entries import Entry
from upready.envfile.notation import Comment, Problem
from upready.secrets.secret import is_secret

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
"""Names of variables that a shell, compose and every other reader accept."""


@dataclass(frozen=True)
class Variable:
    """One variable that may be set.

    Attributes:
        name: Its name.
        line: Its line in the schema, from 1.
        column: Its column.
        description: The sentences above it, joined.
        default: The value in a new `.env`; empty for none. Never shown: it can be a secret.
        required: Whether it must have a value, or the condition for that.
        sensitive: As declared; None if it is not declared.
        kind: Its type; None if none is declared.
        example: An example of a value.
        docs: Links to more information.
        generate: Length of the secret to generate; None for a variable that is not generated.
        prefix: The beginning of that secret.
        block: Its comment lines and its own line, as written.
    """

    name: str
    line: int = 1
    column: int = 1
    description: str = ""
    default: str = field(default="", repr=False)
    required: bool | Condition = False
    sensitive: bool | None = None
    kind: kinds.Kind | None = None
    example: str = ""
    docs: tuple[str, ...] = ()
    generate: int | None = None
    prefix: str = ""
    block: str = field(default="", repr=False)

    def required_in(self, environment: str, look: Look = lambda _: "") -> bool:
        """Whether the variable is required in this environment; `look` gives the values of the other variables."""
        return self.required if isinstance(self.required, bool) else self.required.holds(environment, look)

    @property
    def only_a_person_knows(self) -> bool:
        """Whether some environment needs it, and it has neither a default nor a generator."""
        return bool(self.required) and not self.default and self.generate is None


@dataclass(frozen=True)
class Schema:
    """Everything that may be set.

    Attributes:
        path: The file.
        exists: Whether there is one.
        variables: By name, in order.
        problems: The mistakes in it, with their places.
        decorated: Whether it has any decorator; if not, nothing is known to be required or secret.
        text: The file's text, from which a new `.env` is made.
        environments: Every environment that a condition names, with the line and column of the decorator.
        broken: The mistake because of which the text cannot be a `.env`; None if there is none.
    """

    path: Path
    exists: bool
    variables: dict[str, Variable]
    problems: tuple[Problem, ...] = ()
    decorated: bool = False
    text: str = field(default="", repr=False)
    environments: tuple[tuple[str, int, int], ...] = ()
    broken: Problem | None = None

    def required(self, name: str, environment: str, text: Callable[[str], str]) -> bool:
        """Whether an environment requires a variable; `text` gives the values of the other variables."""

        def look(other: str) -> str | bool:
            described = self.variables.get(other)
            boolean = described is not None and described.kind is not None and described.kind.name == "boolean"
            given = text(other)
            return as_boolean(given) if boolean and given.strip() else given

        variable = self.variables.get(name)
        return variable is not None and variable.required_in(environment, look)

    def sensitive(self, name: str, value: str = "") -> bool:
        """Whether a variable's value is a secret: as declared, else by its name and the value.

        Without a value: whether a secret is expected.
        """
        variable = self.variables.get(name)
        if variable is not None and variable.sensitive is not None:
            return variable.sensitive
        if variable is not None and variable.generate is not None:
            return True
        return is_secret(name, value)


def read(path: Path) -> Schema:
    """Read a schema; if the file does not exist, the schema is empty and `exists` is False.

    Raises:
        EnvFileError: It is not a file, or cannot be read.
    """
    return parse(document.read(path))


def parse(doc: document.Document) -> Schema:
    """Make a schema of a document."""
    variables: dict[str, Variable] = {}
    problems: list[Problem] = []
    environments: list[tuple[str, int, int]] = []
    references: list[tuple[str, int, int]] = []
    decorated = False
    unfit = _unfit(doc)
    lines = doc.text.removeprefix(document.BOM).split("\n")
    every = [_comment(line, number) for number, line in enumerate(lines, 1)]
    used: set[int] = set()
    for entry in doc.entries:
        if not entry.assigned:
            continue
        comments, first = _above(every, entry.line)
        used.update(comment.line for comment in comments)
        if not NAME.fullmatch(entry.key):
            continue
        decorators, wrong = notation.parse([*comments, *_behind(entry)])
        decorated = decorated or bool(decorators)
        problems += wrong
        builder = Builder(decorators)
        variable = Variable(
            name=entry.key,
            line=entry.line,
            column=entry.column,
            description=" ".join(c.text.strip() for c in comments if not c.is_decorated).strip(),
            default=entry.parsed or "",
            block="\n".join([*lines[first - 1 : entry.line - 1], doc.text[entry.start : entry.end].rstrip()]),
            **builder.fields(),
        )
        problems += builder.problems
        environments += builder.environments
        references += builder.references
        if entry.key in variables:
            problems.append(Problem(f"{entry.key} is defined twice", entry.line, entry.column, "keep one of them"))
        variables[entry.key] = variable
        problems += _default_problem(variable, entry)
    for name, line, column in references:
        if name not in variables:
            fix = f"describe it, as {name}=, or correct the name"
            problems.append(Problem(f"@required looks at {name}, which is not in this file", line, column, fix))
    problems += _detached(every, used)
    return Schema(
        doc.path,
        doc.exists,
        variables,
        (*unfit, *problems),
        decorated,
        doc.text,
        tuple(environments),
        unfit[0] if unfit else None,
    )


def _unfit(doc: document.Document) -> list[Problem]:
    """Mistakes because of which the text cannot be a `.env`. They show no name: it may be part of a torn default."""
    found = []
    if doc.undecodable_value:
        found.append(Problem("is not UTF-8", *doc.undecodable_value, fix="save it as UTF-8"))
    elif "\0" in doc.text:
        found.append(Problem("has a NUL character", *doc.position(doc.text.index("\0")), fix="save it as UTF-8"))
    for entry in doc.entries:
        if not entry.assigned:
            found.append(Problem("is not a `NAME=value`", entry.line, entry.column))
        elif not NAME.fullmatch(entry.key):
            fix = "use letters, digits and _ in names"
            found.append(Problem("has a name that no variable can have", entry.line, entry.column, fix))
        elif entry.is_open(doc.text):
            fix = f"end the value with {entry.quote}"
            found.append(Problem("has a quote that is not closed", entry.value_line, entry.value_column, fix))
        elif not entry.readable:
            fix = "put the whole value between quotes"
            found.append(Problem("is not a `NAME=value` that every program reads", entry.line, entry.column, fix))
    return found


def _default_problem(variable: Variable, entry: Entry) -> list[Problem]:
    if not variable.default or variable.kind is None or "$" in variable.default:
        return []
    wrong = variable.kind.test(variable.default)
    return [Problem(f"{variable.name}'s default {wrong}", entry.value_line, entry.value_column)] if wrong else []


def _above(every: list[Comment | None], line: int) -> tuple[list[Comment], int]:
    """The comment lines directly above a line, and the number of the first; a blank line or `# ---` ends them."""
    comments: list[Comment] = []
    number = line - 1
    while number >= 1 and (comment := every[number - 1]) and not comment.is_divider:
        comments.append(comment)
        number -= 1
    return comments[::-1], number + 1


def _behind(entry: Entry) -> list[Comment]:
    """The comment behind a value, if it has decorators; that is unusual, but @env-spec allows it."""
    match = re.search(r"(?:^|\s)#(\s*@[a-zA-Z].*)$", entry.raw)
    if match is None or (entry.quote and entry.parsed and match[1] in entry.parsed):
        return []
    return [Comment(match[1], entry.value_line, entry.value_column + match.start(1))]


def _detached(every: list[Comment | None], used: set[int]) -> list[Problem]:
    """Decorators that stand above no variable, and so have no effect."""
    problems = []
    for comment in every:
        if comment is None or comment.line in used or not comment.is_decorated:
            continue
        column = comment.column + len(comment.text) - len(comment.text.lstrip())
        message = "a decorator that belongs to no variable"
        problems.append(Problem(message, comment.line, column, "put it directly above its variable"))
    return problems


def _comment(line: str, number: int) -> Comment | None:
    text = line.lstrip(" \t")
    return Comment(text[1:].rstrip(), number, len(line) - len(text) + 2) if text.startswith("#") else None
