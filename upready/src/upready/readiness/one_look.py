"""One look at services: probe all of them at the same time, and give a verdict on each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from upready.readiness.health import Health, Report
from upready.readiness.healthcheck import passed_now
from upready.readiness.verdict import Observation, age, assess
from upready.runtime.docker.engine import Engine
from upready.runtime.interface import Container, Runtime
from upready.stack.model import Service
from upready.support import background, http_probe
from upready.support.http_probe import Probe


def judge_now(
    engine: Runtime, project: str, environment: str, services: Sequence[Service], containers: Sequence[Container]
) -> Report:
    """The health of the services that should run, from a list of their containers; those with a URL are probed."""
    urls = {url for service in services for url in targets(engine, service, containers).values()}
    answers = ask_all(urls)

    passed = _passed(engine, services, containers)

    def observation(service: Service, container: Container | None) -> Observation:
        if container is None:
            return Observation()
        url = targets(engine, service, containers).get(container.id)
        answer = answers.get(url or "")
        return Observation(
            answer=answer, probed=url is not None, check=0 if container.id in passed else None, age=age(container)
        )

    return Report(project, environment, tuple(assess(services, containers, observation)), engine.name)


def _passed(engine: Runtime, services: Sequence[Service], containers: Sequence[Container]) -> set[str]:
    """The ids of the containers whose health check has not passed yet for the engine, and passes now."""
    if not isinstance(engine, Engine):
        return set()
    eager = {service.name for service in services if service.ops.get("eager", True) and not service.probe_url}
    starting = [each for each in containers if each.service in eager and each.health == "starting"]
    return passed_now(engine, [each for each in starting if each.state == "running"])


def answered(engine: Runtime, services: Iterable[Service], healths: Sequence[Health]) -> list[Health]:
    """The same healths; those without an answer are probed now."""
    containers = [each.container for each in healths if each.container]
    urls = {key: url for service in services for key, url in targets(engine, service, containers).items()}
    missing = {each.container.id for each in healths if each.container and each.probe is None} & urls.keys()
    answers = ask_all({urls[key] for key in missing})
    return [
        replace(each, probe=answers[urls[each.container.id]])
        if each.container and each.container.id in missing
        else each
        for each in healths
    ]


def targets(engine: Runtime, service: Service, containers: Iterable[Container]) -> dict[str, str]:
    """The URL by which each running replica of a service is probed, by container id.

    `x-ops.health` names one port. Replicas that publish the same container port at different host ports are probed at
    their own host port. Replicas behind a load balancer are not probed: an answer would not tell which one gave it.
    """
    if not service.probe_url or not engine.local:
        return {}
    replicas = [each for each in containers if each.service == service.name and each.state == "running"]
    if len(replicas) <= 1 and service.replicas <= 1:
        return {each.id: service.probe_url for each in replicas}
    asked = port(service.probe_url)
    inner = {target for each in replicas for _, published, _, target in each.ports if published == asked}
    own = {
        each.id: published
        for each in replicas
        for _, published, protocol, target in each.ports
        if target in inner and protocol == "tcp"
    }
    return {identifier: _with_port(service.probe_url, number) for identifier, number in own.items()}


def ask_all(urls: Iterable[str]) -> dict[str, Probe]:
    """Probe several URLs at the same time, within the time limit of one probe."""
    urls = set(urls)
    answers = background.each(http_probe.ask, urls, http_probe.TIMEOUT + 1)
    late = f"no answer within {http_probe.TIMEOUT:g} s"
    return {url: answers.get(url) or Probe(url, None, None, late, {}) for url in urls}


def port(url: str) -> int | None:
    """The port that a URL names, or that of its scheme; None where it has neither."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return None


def _with_port(url: str, number: int) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return urlunsplit(parts._replace(netloc=f"{host}:{number}"))
