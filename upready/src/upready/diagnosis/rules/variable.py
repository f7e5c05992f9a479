"""An environment variable that is missing, empty, or has a value that the program refuses."""

from __future__ import annotations

import re

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.dotenv import usages
from upready.stack import compose_variables
from upready.support.errors import OpsError

_NAME = r"[\"'`$]?\{?(?-i:(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z][A-Z0-9]{3,}))\}?[\"'`]?"
"""The name of a variable: in capitals, and long enough that it is no other word."""

_MISSING = (
    rf"^KeyError: '{_NAME}'",
    rf"\bvariables? {_NAME}[^\n]{{0,20}}\b(?:not set|required|missing|unset|undefined|empty|not defined|not found)",
    rf"\b(?:missing|undefined|unset|no value for)(?: required| environment| env| variable| var)+s?:? {_NAME}",
    rf"{_NAME}: (?:parameter (?:null or )?not set|unbound variable)",
    rf"must specify {_NAME} to a non-empty value",
)
_LOOSE = (
    rf"{_NAME}:? (?:is |was |has |environment variable )*"
    r"(?:not set|unset|required|missing|undefined|empty|not defined)",
    rf"{_NAME}:? must (?:be set|be defined|be given|not be empty)",
    rf"\b(?:missing|undefined|unset|no value for|please set|set the):? {_NAME}",
)
"""The same without the word "variable". It counts if the name has an underscore, or the service has that variable."""

_FIELD = (
    r"^(?P<field>[a-z]\w*)\n\s+"
    r"(?P<why>Field required|(?:Input should be|Value error,|String should|URL) [^\n\[]+)"
)
"""An error of pydantic settings: the name of the field, and below it what is wrong."""

_INVALID = (
    rf"\binvalid (?:value |setting |format )?(?:for |of |in )?(?:environment )?(?:variable )?{_NAME}",
    rf"{_NAME}:? (?:is |has an? |contains an? )*(?:invalid|must be|should be|is not a valid|not a valid)",
)
_LITERAL = (
    r"invalid literal for int\(\) with base 10: '(?P<value>[^'\n]+)'",
    r"could not convert string to float: '(?P<value>[^'\n]+)'",
    r"invalid syntax: \"(?P<value>[^\"\n]+)\"",
    r"parsing \"(?P<value>[^\"\n]+)\": invalid syntax",
)


def find(evidence: Evidence) -> Finding | None:  # noqa: PLR0911 - one return a way to say it
    """The program names the variable. The compose entry tells whether it is set."""
    if match := evidence.search(*_MISSING):
        return _judge(evidence, match["name"])
    if (match := evidence.search(*_LOOSE)) and ("_" in match["name"] or match["name"] in evidence.environment):
        return _judge(evidence, match["name"])
    if evidence.search(r"superuser password is not specified"):
        return _judge(evidence, "POSTGRES_PASSWORD")
    if match := evidence.search(_FIELD):
        return _field(evidence, match["field"], match["why"].strip())
    if (match := evidence.search(*_INVALID)) and match["name"] in evidence.environment:
        return _judge(evidence, match["name"])
    if match := evidence.search(*_LITERAL):
        names = [name for name, value in evidence.environment.items() if value == match["value"]]
        return _wrong(evidence, names[0]) if names else None
    return None


def _judge(evidence: Evidence, name: str) -> Finding:
    """What is wrong with a variable that a program names: it is not set, empty, or refused."""
    if name not in evidence.environment and _is_unset(evidence, name):
        return Finding(f"asks for the variable {name}, which is set nowhere", evidence.then(f"invoke env.set {name}"))
    if name not in evidence.environment:
        return Finding(
            f"asks for the variable {name}, which it is not given",
            evidence.then(f"add {name} under environment: of {evidence.service.name}, and its value to .env"),
        )
    if not evidence.environment[name]:
        return Finding(
            f"asks for the variable {name}, which is empty",
            _set(evidence, name),
        )
    return _wrong(evidence, name)


def _is_unset(evidence: Evidence, name: str) -> bool:
    """Whether the compose files use a variable (`command: run ${NAME}`) that is set nowhere."""
    stack = evidence.model.stack
    try:
        used = any(use.name == name for use in usages.locate(stack.files, stack.root))
        return used and not compose_variables.is_set(stack.read_files, name)
    except OpsError:
        return False


def _wrong(evidence: Evidence, name: str) -> Finding:
    return Finding(
        f"does not accept the value of the variable {name}",
        _set(evidence, name),
    )


def _set(evidence: Evidence, name: str) -> str:
    """The step that gives a variable another value: where the service has it from, else in `.env`."""
    return evidence.assign(evidence.service.name, name) or evidence.then(f"invoke env.set {name}")


def _field(evidence: Evidence, field: str, why: str) -> Finding | None:
    """A field of a settings class. Its variable has the same name in capitals, with or without a prefix."""
    names = [name for name in evidence.environment if re.search(rf"(^|_){re.escape(field.upper())}$", name)]
    if not names and why == "Field required":
        return _judge(evidence, field.upper())
    if not names:
        return None
    found = _wrong(evidence, names[0])
    said = why if why[:2].isupper() else why[:1].lower() + why[1:]  # URL stays URL
    return Finding(f"{found.message}: {evidence.hide(said)}", found.next)
