"""Holds every JSON document that a test sees to its schema, which refuses here what it does not name."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any

import jsonschema

from upready.schemas import tasks

LINES = 200
"""So many log lines of a call are looked at: some tests write many thousands."""


@functools.cache
def validator(task: str) -> Any:
    """The validator of a task's documents; as in `upready.schemas.tasks.of`, but fields without a name are refused."""
    return jsonschema.Draft202012Validator(tasks.of(task, closed=True))


def check(words: Sequence[str], out: str) -> None:
    """Fail the test where a task has printed a document that is not as its schema says.

    Args:
        words: What stood behind `invoke`; nothing is looked at without `--json`, and of a task that is not ours.
        out: What it has printed. A document that was cut off is the test's own affair.
    """
    own = words[: words.index("--")] if "--" in words else words
    task = next((word for word in own if word in tasks.DOCUMENTS), None)
    if task is None or "--json" not in own:
        return
    for text in out.splitlines()[:LINES] if task == "logs" or "--watch" in own else [out]:
        try:
            document = json.loads(text)
        except ValueError:
            return
        hold(task, document)


def hold(task: str, document: Any) -> None:
    """Fail the test where a document is not as the schema of its task says."""
    problem = jsonschema.exceptions.best_match(validator(task).iter_errors(document))
    assert problem is None, f"{task} --json: {problem.json_path}: {problem.message[:2_000]}"
