"""The health of the service.

The checks run at the same time, each with a time limit. Their result is shared for a second, so polling costs little.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app import __version__, examples, metrics, workers
from app.budget import Budget
from app.caller import ANONYMOUS, caller
from app.database import Database
from app.errors import DatabaseUnavailableError, ValidatorUnavailableError
from app.settings import Settings
from app.validator import Validator
from app.workers import Restarts

CHECK_TIMEOUT = 2.0  # seconds for each check
SHARED_FOR = 1.0  # seconds that a report is given to everybody who asks
GIVEN_FOR = 0.25  # seconds more, while the next report is being made

router = APIRouter(tags=["health"])


class Check(BaseModel):
    """The state of one dependency."""

    status: Literal["healthy", "unhealthy", "configured", "missing", "not_configured", "restarted"]
    latency_ms: float | None = Field(default=None, description="The time of a request to it, if there was one.")
    error: str | None = Field(default=None, description="Why it is not healthy.")
    variable: str | None = Field(default=None, description="The variable to set in `.env`, if that helps.")
    restarts: int | None = Field(default=None, description="For the workers: how many were replaced since the start.")


class Report(BaseModel):
    """The state of the service, and the checks behind it."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.HEALTH]})

    status: Literal["healthy", "degraded", "unhealthy"]
    timestamp: datetime
    version: str
    uptime_seconds: float
    checks: dict[str, Check]


class Health:
    """Runs the checks, at most once in `SHARED_FOR` seconds.

    A client that polls never waits for the checks: a report that has just become too old is given once more while the
    next one is being made.
    """

    def __init__(self, settings: Settings, validator: Validator, database: Database | None, budget: Budget) -> None:
        self._settings = settings
        self._validator = validator
        self._database = database
        self._budget = budget
        self._started = time.monotonic()
        self._made = -math.inf
        self._report: Report | None = None
        self._refresh: asyncio.Task[Report] | None = None

    async def report(self) -> Report:
        """The current report, or the last one if it is young enough."""
        age = time.monotonic() - self._made
        if self._report is not None and age < SHARED_FOR:
            return self._report
        if self._refresh is None or self._refresh.done():
            self._refresh = asyncio.create_task(self._run())
        if self._report is not None and age < SHARED_FOR + GIVEN_FOR:
            return self._report
        return await asyncio.shield(self._refresh)

    def begin(self) -> None:
        """Start the first report, so that connections are opened while the process still starts."""
        self._refresh = asyncio.create_task(self._run())

    def close(self) -> None:
        """Stop checking."""
        if self._refresh is not None:
            self._refresh.cancel()

    async def _run(self) -> Report:
        mcp, database, _ = await asyncio.gather(
            self._check(self._validator.ping), self._check_database(), self._measure()
        )
        key = Check(status="configured")
        if not self._settings.openrouter_api_key:
            key = Check(status="missing", variable="OPENROUTER_API_KEY")
        status: Literal["healthy", "degraded", "unhealthy"] = "healthy"
        if key.status == "missing" or mcp.status == "unhealthy":
            status = "degraded"
        checks = {"openrouter_api": key, "mcp_server": mcp, "database": database}
        if (restarts := workers.read()) is not None:
            checks["workers"] = _check_workers(restarts)
            if restarts.recent and status == "healthy":
                status = "degraded"
        if database.status == "unhealthy":
            status = "unhealthy"
        self._report = Report(
            status=status,
            timestamp=datetime.now(UTC),
            version=__version__,
            uptime_seconds=round(time.monotonic() - self._started, 1),
            checks=checks,
        )
        self._made = time.monotonic()
        return self._report

    async def _check_database(self) -> Check:
        if self._database is None:
            return Check(status="not_configured")
        return await self._check(self._database.ping)

    async def _measure(self) -> None:
        """Set the metrics of the day's calls of the model. This is done here, since health is polled all the time."""
        with contextlib.suppress(DatabaseUnavailableError, TimeoutError):
            async with asyncio.timeout(CHECK_TIMEOUT):
                spending = await self._budget.today()
            metrics.SPENT.set(spending.calls)
            metrics.LIMIT.set(math.inf if spending.limit is None else spending.limit)

    async def _check(self, ping: Callable[[], Awaitable[None]]) -> Check:
        start = time.perf_counter()
        try:
            async with asyncio.timeout(CHECK_TIMEOUT):
                await ping()
        except TimeoutError:
            return Check(status="unhealthy", error=f"no answer within {CHECK_TIMEOUT:g} s")
        except (ValidatorUnavailableError, DatabaseUnavailableError) as error:
            return Check(status="unhealthy", error=self._settings.mask(str(error)))
        return Check(status="healthy", latency_ms=round((time.perf_counter() - start) * 1000, 1))


def _check_workers(restarts: Restarts) -> Check:
    """The check of the workers. A replaced worker is shown for a while, because its requests were lost."""
    if not restarts.recent:
        return Check(status="healthy", restarts=restarts.total)
    return Check(status="restarted", restarts=restarts.total, error=f"the last one {restarts.last}")


@router.get(
    "/health",
    response_model_exclude_none=True,
    responses={503: {"model": Report}},
    summary="Is the service able to work",
)
async def get_health(request: Request, response: Response) -> Report:
    """Healthy or degraded (no key, or no MCP server: the core works): 200. Unhealthy (no database): 503.

    Only callers with an API key are told why something is not healthy, since that names hosts and users.
    """
    checks: Health = request.app.state.services.health
    report = await checks.report()
    if report.status == "unhealthy":
        response.status_code = 503
    response.headers["Cache-Control"] = "no-store"
    settings = request.app.state.services.settings
    return report if settings.debug or caller(request).name != ANONYMOUS else _for_strangers(report)


def _for_strangers(report: Report) -> Report:
    # The check of the workers names no host and no user, and `invoke health` shows it without a key.
    checks = {name: check if name == "workers" else Check(status=check.status) for name, check in report.checks.items()}
    return report.model_copy(update={"checks": checks})


@router.get("/health/live", summary="Does the process live")
async def get_liveness() -> dict[str, str]:
    """Answers while the process does; checks nothing."""
    return {"status": "alive"}
