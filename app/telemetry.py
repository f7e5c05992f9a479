"""Traces, where `OTEL_EXPORTER_OTLP_ENDPOINT` says whereto; nothing is imported and nothing done without it.

A span tells what was done, for how long and how it ended; never what anybody wrote, nor an error's words. The provider
is our own, not the process's: libraries, which may tell more, stay silent.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
NAME = "ba-copilot-ai"  # OTEL_SERVICE_NAME, where it is set
CLOSE_TIMEOUT = 0.2  # seconds, for what was not yet sent

_provider: TracerProvider | None = None


class Span:
    """What is being done; without a provider it only takes what it is told."""

    def __init__(self) -> None:
        self.name = ""
        self.attributes: dict[str, str | int] = {}
        self.failed = False


def open_provider() -> None:
    """Send traces from now on, where that is asked for. The SDK reads its own variables (OTEL_TRACES_SAMPLER, …)."""
    global _provider  # noqa: PLW0603 - one for the process
    endpoint = os.environ.get(VARIABLE)
    if not endpoint:
        return
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from app.otlp import Exporter

    resource = Resource.create({SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME") or NAME})
    _provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    _provider.add_span_processor(BatchSpanProcessor(Exporter(endpoint)))


def close_provider() -> None:
    """Send what is left, if that is quick."""
    global _provider  # noqa: PLW0603 - one for the process
    if _provider is not None:
        closing = threading.Thread(target=_provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_TIMEOUT)
        _provider = None


@contextmanager
def span(
    name: str, kind: Literal["server", "client"] = "client", headers: Mapping[str, str] | None = None
) -> Iterator[Span]:
    """Tell of what is done meanwhile.

    Args:
        name: What it is; may be changed until it ends.
        kind: Whether it is served, or asked of another service.
        headers: Of a request that is served: who calls may name the trace that it belongs to (`traceparent`).
    """
    told = Span()
    told.name = name
    if _provider is None:
        yield told
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if headers is None and not get_current_span().get_span_context().is_valid:
        yield told  # the service's own affairs, such as its checks of what it needs
        return
    context = TraceContextTextMapPropagator().extract(headers) if headers is not None else None
    tracer = _provider.get_tracer(NAME)
    with tracer.start_as_current_span(
        name, context, SpanKind[kind.upper()], record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield told
        except BaseException as error:
            told.failed = True
            told.attributes["error.type"] = type(error).__name__
            raise
        finally:
            made.update_name(told.name)
            made.set_attributes(told.attributes)
            if told.failed:
                made.set_status(Status(StatusCode.ERROR))
