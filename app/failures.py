"""The answers to a caller when something fails that this service calls."""

from __future__ import annotations

import logging
from typing import cast

from app.errors import ValidatorRefusedError, ValidatorUnavailableError, WriterError
from app.problems import ProblemError, ProblemType

logger = logging.getLogger(__name__)

WRITER_PROBLEMS = {
    "key-rejected": (503, "The provider rejects the key", "OPENROUTER_API_KEY is not accepted: check it"),
    "no-credits": (503, "The provider's account has no credits", "Top up the account of OPENROUTER_API_KEY"),
    "model-unknown": (
        422,
        "The provider has no such model",
        "Name another `model`, or correct OPENROUTER_MODEL (or OPENROUTER_BASE_URL)",
    ),
    "rejected": (502, "The provider rejects the request", "Change the prompt or the model"),
    "rate-limited": (429, "The provider's rate limit is reached", "Wait, or name another `model`"),
    "timeout": (504, "The model took too long", "Try again, ask for less, or name a quicker `model`"),
    "unavailable": (502, "The provider is not available", "Try again, or name another `model`"),
    "refused": (422, "The model refuses", "Change the prompt"),
    "no-diagram": (502, "The model wrote no diagram", "Change the prompt, or name another `model`"),
    "empty": (502, "The model wrote nothing", "Try again, or name another `model`"),
    "busy": (503, "Too many diagrams are being written", "Try again shortly"),
    "budget-spent": (429, "The day's budget is spent", "Try again then; until then you can save Mermaid of your own"),
    "uncounted": (503, "The database is not available", "Try again shortly; /health says why"),
}
OWN_PROBLEMS: dict[str, ProblemType] = {"budget-spent": "budget-spent", "uncounted": "database-unavailable"}


def of_writer(error: WriterError) -> ProblemError:
    """The problem that the model gave no diagram, and why."""
    # The text that the model wrote instead of a diagram stays out of the log, like all contents.
    logger.warning("no diagram: %s", error.kind if error.kind == "no-diagram" else error)
    status, title, remedy = WRITER_PROBLEMS[error.kind]
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    kind = OWN_PROBLEMS.get(error.kind) or cast(ProblemType, f"llm-{error.kind}")
    return ProblemError(status, kind, title, f"{_sentence(error.reason)} {remedy}.", headers=headers)


def _sentence(words: str) -> str:
    """A reason as a sentence. A provider's may be one already, or begin with a name (`openai/gpt is unknown`)."""
    first = words.partition(" ")[0].rstrip(":,")
    begun = words[:1].upper() + words[1:] if first.isalpha() else words
    return f"{begun.rstrip('.')}."


def of_departure() -> ProblemError:
    """The problem that the caller is gone. Nobody reads it, but the log shows its status."""
    return ProblemError(499, "caller-gone", "The caller has gone", "The connection was closed before the answer.")


def of_validator(error: ValidatorUnavailableError | ValidatorRefusedError) -> ProblemError:
    """The problem that there is no verdict, and why."""
    if isinstance(error, ValidatorRefusedError):
        return ProblemError(
            503,
            "mcp-refused",
            "The validator could not judge",
            f"The MCP server answered: {error}",
            headers={"Retry-After": "1"},
        )
    # The reason is only in the log and in /health, since it contains the address of the server.
    logger.warning("the MCP server is not available: %s", error)
    return ProblemError(
        503,
        "mcp-unavailable",
        "The validator is not available",
        "The MCP server does not answer, so the diagram could not be judged. Try again shortly; /health says why.",
        headers={"Retry-After": "5"},
    )
