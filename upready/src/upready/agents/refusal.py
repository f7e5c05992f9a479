"""What is answered to a line that is no message of the protocol: its library would say nothing, and its sender wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from upready.support import parsing
from upready.support.parsing import MalformedError

NOT_JSON, NO_REQUEST = -32700, -32600
"""The codes of JSON-RPC 2.0 for a text that is no JSON, and for JSON that is no request."""


@dataclass(frozen=True)
class Refusal:
    """An error of JSON-RPC: the id of the request where it has one that can be used, a code, and a sentence."""

    id: str | int | None
    code: int
    message: str


def of(line: str, validate: Callable[[str], object]) -> Refusal | None:
    """The answer to a line that nobody would answer; None where it is a message, empty, or itself an answer.

    Args:
        line: A line of standard input.
        validate: The protocol's own test; raises for what is no message.
    """
    if not line.strip():
        return None
    try:
        content = parsing.from_json(line)
    except MalformedError as error:
        return Refusal(None, NOT_JSON, f"the line is {error.reason}")
    if not isinstance(content, dict):
        what = "several requests in a list" if isinstance(content, list) else "no object"
        return Refusal(None, NO_REQUEST, f"the line holds {what}: each message is an object on a line of its own")
    asks = "method" in content or not {"result", "error"} & content.keys()
    given = content.get("id")
    known = given if isinstance(given, str | int) and not isinstance(given, bool) else None
    if asks and "id" in content and known is None:
        return Refusal(None, NO_REQUEST, "the id of a request is a text or a whole number")
    try:
        validate(line)
    except Exception:  # noqa: BLE001 - of whatever kind its library makes it
        return Refusal(known, NO_REQUEST, "the line is no request of JSON-RPC 2.0 as MCP has it") if asks else None
    return None
