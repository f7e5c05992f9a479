"""`/metrics` in the format of Prometheus, on its own port, served by the parent process of the workers.

The numbers of the workers are in files, and are added up at each request. So are the restarts of workers, and the
parsers that the MCP server has lost.
"""

from __future__ import annotations

import json
import logging
import os
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app import workers

logger = logging.getLogger("app.metrics")

MCP_TIMEOUT = 1.0  # seconds


class Around(Collector):
    """Numbers that no worker counts: restarts of workers, and lost parsers of the MCP server."""

    def collect(self) -> Iterator[Metric]:
        """The current numbers."""
        restarts = workers.read()
        if restarts is not None:
            family = CounterMetricFamily("worker_restarts", "Workers that were replaced.", labels=["reason"])
            for reason in ("hung", "out_of_memory", "signal", "exit"):
                family.add_metric([reason], getattr(restarts, reason))
            yield family
        lost = _parsers()
        if lost:
            family = CounterMetricFamily("mermaid_parsers_lost", "Parsers of the MCP server.", labels=["reason"])
            for reason, count in lost.items():
                family.add_metric([reason], count)
            yield family


def _parsers() -> dict[str, float]:
    """How many parsers the MCP server has lost since its start, by reason; empty if it does not answer."""
    url = os.environ.get("MCP_URL", "http://mcp-server:3000/mcp")
    try:
        health = urlsplit(url)._replace(path="/health", query="").geturl()
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(health, timeout=MCP_TIMEOUT) as answer:
            lost = json.load(answer)["pool"]["lost"]
            return {str(reason): float(count) for reason, count in lost.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def serve(address: str) -> None:
    """Serve the metrics at HOST:PORT in threads. If that is not possible, only a warning is logged."""
    host, _, port = address.rpartition(":")
    registry = CollectorRegistry()
    try:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types there
        registry.register(Around())
        start_http_server(int(port), host, registry)
    except (OSError, ValueError, OverflowError) as error:
        logger.warning("no metrics are served at METRICS_ADDRESS=%s: %s", address, error)
