"""The services that the routes use: made from the settings when the process starts, closed when it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import telemetry
from app.admission import Admission
from app.budget import Budget
from app.database import Database
from app.errors import DatabaseUnavailableError
from app.health import Health
from app.history import History
from app.rates import Rates
from app.settings import Settings
from app.store import Store
from app.upkeep import Upkeep
from app.validator import Validator

if TYPE_CHECKING:
    from app.generation import Generator

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """The services of one process. What is not configured (no key, no database) is None."""

    settings: Settings
    validator: Validator
    admission: Admission
    health: Health
    generator: asyncio.Task[Generator] | None
    budget: Budget
    rates: Rates
    store: Store | None
    history: History | None


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Make the services, even if the database does not answer yet: /health says so, and later uses try again."""
    telemetry.open_provider()
    validator = Validator(str(settings.mcp_url))
    database = Database(settings) if settings.database_configured else None
    budget = Budget(settings, database)
    generator = None
    if settings.openrouter_api_key:
        generator = asyncio.create_task(asyncio.to_thread(_make_generator, settings, validator, budget))
    health = Health(settings, validator, database, budget)
    health.begin()
    if database is not None:
        try:
            await database.ping()
        except DatabaseUnavailableError as error:
            logger.warning("the database is not ready: %s", error)
    upkeep = Upkeep(database, validator) if database else None
    if upkeep is not None:
        upkeep.begin()
    try:
        yield Services(
            settings=settings,
            validator=validator,
            admission=Admission(),
            health=health,
            generator=generator,
            budget=budget,
            rates=Rates(settings, database),
            store=Store(database) if database else None,
            history=History(database) if database else None,
        )
    finally:
        health.close()
        if upkeep is not None:
            upkeep.close()
        await validator.close()
        # A generator that could not be made has nothing to close. Requests for a diagram have got that error.
        if generator is not None and generator.done() and not generator.exception():
            await generator.result().close()
        if database is not None:
            await database.close()
        telemetry.close_provider()


def _make_generator(settings: Settings, validator: Validator, budget: Budget) -> Generator:
    """Make it in a thread, while the service answers already: to import the SDK takes half a second of CPU."""
    from app.generation import Generator
    from app.writer import Writer

    return Generator(
        Writer(settings, budget),
        validator,
        attempts=settings.generation_attempts,
        timeout=settings.generation_timeout,
    )
