"""Traces, if `OTEL_EXPORTER_OTLP_ENDPOINT` is set. Without it, nothing is imported.

A span contains what was done, how long it took and how it ended, but no texts of users and no messages of errors. The
provider is not the global one, so that libraries, whose spans may contain more, send none.
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
CLOSE_TIMEOUT = 0.2  # seconds to send the last spans

_provider: TracerProvider | None = None


class Span:
    """A piece of work that is traced. Without a provider it only stores its values."""

    def __init__(self) -> None:
        self.name = ""
        self.attributes: dict[str, str | int] = {}
        self.failed = False


def open_provider() -> None:
    """Begin to send traces, if they are configured. The SDK reads more variables itself (OTEL_TRACES_SAMPLER, …)."""
    global _provider  # noqa: PLW0603 - one per process
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
    """Send the remaining spans, but wait at most CLOSE_TIMEOUT seconds."""
    global _provider  # noqa: PLW0603 - one per process
    if _provider is not None:
        closing = threading.Thread(target=_provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_TIMEOUT)
        _provider = None


@contextmanager
def span(
    name: str, kind: Literal["server", "client"] = "client", headers: Mapping[str, str] | None = None
) -> Iterator[Span]:
    """Trace the work in the `with` block.

    Args:
        name: The name of the work; it may be changed until the end.
        kind: `server` for a request to this service, `client` for one to another service.
        headers: The headers of a request to this service, which may name a trace (`traceparent`).
    """
    told = Span()
    told.name = name
    if _provider is None:
        yield told
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode, get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if headers is None and not get_current_span().get_span_context().is_valid:
        yield told  # work without a request, such as health checks
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
