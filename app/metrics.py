"""Counters for Prometheus. Each number is the sum over all workers (app/exposition.py).

No label contains words of a caller: routes are templates, and a model that is not configured is `other`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram, values

from app import workers

if TYPE_CHECKING:
    from app.settings import Settings
    from app.validator import Verdict

OTHER = "other"
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})

_held: IO[str] | None = None  # the lock on the number of this process, held until it ends


def number() -> str:
    """A number that no other running process of this service has. Numbers of ended processes are used again.

    The library would use the process id, and so leave files behind for each worker that was replaced.
    """
    global _held  # noqa: PLW0603 - one per process
    try:
        import fcntl
    except ImportError:  # Windows, where only the development server runs
        return str(os.getpid())
    for each in range(1000):
        file = Path(os.environ[workers.VARIABLE], f"{each}.lock").open("w", encoding="utf-8")  # noqa: SIM115 - kept
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        _held = file
        return str(each)
    return str(os.getpid())


if workers.VARIABLE in os.environ:
    OWN = number()
    values.ValueClass = values.MultiProcessValue(lambda: OWN)  # type: ignore[no-untyped-call]  # as in exposition.py

REQUESTS = Counter("http_requests", "Requests that were answered.", ["route", "method", "status"])
DURATION = Histogram(
    "http_request_duration_seconds",
    "Time from a request's first byte to its answer's last one.",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
VALIDATIONS = Counter("diagram_validations", "Diagrams by the MCP server's verdict.", ["verdict"])
MODEL_CALLS = Counter("model_calls", "Calls of the language model, by what came of them.", ["model", "outcome"])
MODEL_TOKENS = Counter("model_tokens", "Tokens, where the provider tells them.", ["model", "kind"])
SPENT = Gauge("model_calls_today", "Calls of the model on this day (UTC).", multiprocess_mode="mostrecent")
LIMIT = Gauge("model_calls_limit", "How many there may be a day (LLM_DAILY_REQUESTS).", multiprocess_mode="mostrecent")


def request(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request."""
    method = method if method in METHODS else OTHER
    REQUESTS.labels(route, method, str(status)).inc()
    DURATION.labels(route, method).observe(seconds)


def verdict(found: Verdict) -> str:
    """A verdict as the value of a label."""
    if found.valid is None:
        return "undecided"
    if not found.valid:
        return "invalid"
    return "undrawable" if found.drawable is False else "valid"


def model(settings: Settings, name: str) -> str:
    """A model as the value of a label."""
    return name if name in (settings.openrouter_model, *settings.llm_models) else OTHER
