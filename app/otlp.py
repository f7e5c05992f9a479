"""Sends spans to a collector of OpenTelemetry: OTLP over HTTP, encoded as protobuf.

The official exporter is not used, because its packages (protobuf, requests, urllib3) would add 9 MB to the image.
"""

from __future__ import annotations

import logging
import os
import struct
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

logger = logging.getLogger("app.telemetry")

TIMEOUT = 5.0  # seconds
TOLD_EVERY = 60.0  # seconds between two warnings; without a collector every batch would log one


class Exporter(SpanExporter):
    """Sends spans to `OTEL_EXPORTER_OTLP_ENDPOINT`, with the headers of `OTEL_EXPORTER_OTLP_HEADERS`."""

    def __init__(self, endpoint: str) -> None:
        self._url = endpoint.rstrip("/") + "/v1/traces"
        self._headers = {"Content-Type": "application/x-protobuf", **_headers()}
        self._told = -TOLD_EVERY
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send some spans. Spans that cannot be sent are lost, so that the service does not wait."""
        try:
            request = urllib.request.Request(self._url, encode(spans), self._headers)  # noqa: S310 - an operator's URL
            with self._opener.open(request, timeout=TIMEOUT):
                return SpanExportResult.SUCCESS
        except (OSError, ValueError) as error:
            if time.monotonic() - self._told >= TOLD_EVERY:
                self._told = time.monotonic()
                logger.warning("traces are lost: %s does not take them: %s", self._url, error)
            return SpanExportResult.FAILURE


def _headers() -> dict[str, str]:
    """The headers of the setting, given as `name=value,name=value`, percent-encoded."""
    pairs = [each.partition("=") for each in os.environ.get("OTEL_EXPORTER_OTLP_HEADERS", "").split(",")]
    return {name.strip(): unquote(value.strip()) for name, found, value in pairs if found and name.strip()}


def encode(spans: Sequence[ReadableSpan]) -> bytes:
    """An `ExportTraceServiceRequest` with the spans of one resource (opentelemetry-proto, trace.proto)."""
    resource = b"".join(_attributes(1, spans[0].resource.attributes.items())) if spans else b""
    scope = _bytes(1, b"ba-copilot-ai")
    body = _bytes(1, scope) + b"".join(_bytes(2, _span(each)) for each in spans)
    return _bytes(1, _bytes(1, resource) + _bytes(2, body))


def _span(span: ReadableSpan) -> bytes:
    context = span.get_span_context()
    assert context is not None  # noqa: S101 - an ended span has one
    parts = [
        _bytes(1, context.trace_id.to_bytes(16, "big")),
        _bytes(2, context.span_id.to_bytes(8, "big")),
        _bytes(4, span.parent.span_id.to_bytes(8, "big")) if span.parent else b"",
        _bytes(5, span.name.encode()),
        _number(6, span.kind.value + 1),  # the SDK begins at 0, protobuf at 1
        _fixed(7, span.start_time or 0),
        _fixed(8, span.end_time or 0),
        *_attributes(9, (span.attributes or {}).items()),
        _bytes(15, _number(3, span.status.status_code.value)),
    ]
    return b"".join(parts)


def _attributes(field: int, attributes: Iterable[tuple[str, object]]) -> Iterable[bytes]:
    return (_bytes(field, _bytes(1, key.encode()) + _bytes(2, _value(value))) for key, value in attributes)


def _value(value: object) -> bytes:
    match value:
        case bool():
            return _number(2, int(value))
        case int():
            return _number(3, value)
        case float():
            return _varint(4 << 3 | 1) + struct.pack("<d", value)
        case _:
            return _bytes(1, str(value).encode())


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value & (1 << 64) - 1)


def _fixed(field: int, value: int) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<Q", value)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
