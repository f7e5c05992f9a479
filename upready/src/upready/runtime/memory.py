"""Remember where a project was started, and forget it once it is stopped there."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

from upready.engine import endpoint
from upready.runtime import current, last_used, ownership
from upready.runtime.interface import Runtime
from upready.stack.settings import ENGINES, NATIVE, Settings


def remember(settings: Settings, connected: Runtime, environment: str, services: Sequence[str]) -> None:
    """Remember that services of a project are about to be started here."""
    known, name = last_used.recall(settings.root), current.name(settings)
    if connected.name == NATIVE:
        now = dataclasses.replace(
            known, project=name, runtime=NATIVE, environment=environment, services=tuple(services)
        )
    else:
        place = endpoint.asked()
        again = known.since and (known.project, known.endpoint) == (name, place.url)
        now = dataclasses.replace(
            known,
            project=name,
            runtime=connected.name,
            endpoint=place.url,
            context=place.context,
            environment=environment,
            services=tuple(services),
            since=known.since if again else time.time(),
        )
    if now != known:
        last_used.write(settings.root, now)


def forget(settings: Settings, stopped: Sequence[Runtime], *, data: bool) -> None:
    """Forget where a project last ran, once it was stopped there.

    Args:
        settings: The project's.
        stopped: Where it was stopped.
        data: Whether its data there was removed too.
    """
    known = last_used.recall(settings.root)
    asked = {each.name for each in stopped}
    renamed = known.project not in ("", current.name(settings, somehow=True))
    left = renamed and any(ownership.started(settings, known.project, each) for each in stopped if each.name in ENGINES)
    if known.runtime in ENGINES and (left or known.endpoint != endpoint.asked().url):
        asked -= {*ENGINES}
    now = dataclasses.replace(
        known,
        runtime="" if known.runtime in asked else known.runtime,
        services=() if known.runtime in asked else known.services,
        since=0.0 if data and not asked.isdisjoint(ENGINES) else known.since,
    )
    if now != known:
        last_used.write(settings.root, now)
