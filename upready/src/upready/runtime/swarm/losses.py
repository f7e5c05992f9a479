"""What a compose model would lose in Swarm: each key that the table calls lost, unless its loss is accepted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from upready.runtime.swarm import table
from upready.runtime.swarm.row import Fate, Row
from upready.support import next_step, spelling
from upready.support.errors import UsageError

OPTION = "--accept-loss"

NAMELESS = "volumes.source"
"""The key that a volume without a name lacks."""


@dataclass(frozen=True)
class Loss:
    """A key that Swarm has nothing for.

    Attributes:
        service: The service, or the name of the network, volume, secret or config; empty for the whole stack.
        key: The key, as it is accepted: `ports.host_ip`, `networks.driver`.
        item: Which of several (the published port, the target of a volume); may be empty.
        why: Why it is lost.
    """

    service: str
    key: str
    item: str
    why: str

    def __str__(self) -> str:
        place = f"{self.service}: {self.key}" if self.service else self.key
        return f"{place}{f' ({self.item})' if self.item else ''}: {self.why}"


def find(raw: Mapping[str, Any]) -> list[Loss]:
    """Everything that a compose model would lose, accepted or not.

    Args:
        raw: The model, as `docker compose config` prints it.
    """
    top = {key: value for key, value in raw.items() if key != "services"}
    services: Mapping[str, Any] = raw.get("services") or {}
    found = [
        *(
            Loss(name, row.name, item, row.why)
            for name, entry in services.items()
            for row, item in _lost("", entry or {}, "")
        ),
        *(loss for name, entry in services.items() for loss in _nameless(name, entry or {})),
    ]
    return list(dict.fromkeys([*found, *(Loss(item, row.name, "", row.why) for row, item in _lost("/", top, ""))]))


def check(raw: Mapping[str, Any], accepted: Collection[str] = ()) -> list[Loss]:
    """The losses of a model; each must be accepted, for all services (`privileged`) or for one (`web.privileged`).

    What is accepted here is added to what the services accept themselves, as `x-ops.swarm.accept`. A key accepts what
    is below: `ports` accepts `ports.host_ip`.

    Args:
        raw: The model, as `docker compose config` prints it.
        accepted: The keys whose loss is accepted.

    Raises:
        UsageError: Something else would be lost, or an accepted key does not exist.
    """
    services: Mapping[str, Any] = raw.get("services") or {}
    own = {name: _own(name, entry or {}) for name, entry in services.items()}
    for each in accepted:
        _check_known(each.removeprefix(f"{_service(each, services)}."), OPTION)
    found = find(raw)
    left = [
        loss
        for loss in found
        if not _is_accepted(loss.key, {*accepted, *own.get(loss.service, ())})
        and not (loss.service and _is_accepted(f"{loss.service}.{loss.key}", accepted))
    ]
    if not left:
        return found
    keys = list(dict.fromkeys(loss.key for loss in left))
    count = "one key" if len(left) == 1 else f"{len(left)} keys"
    raise UsageError(
        f"Swarm has nothing for {count} of this stack",
        details=[str(loss) for loss in left],
        next=next_step.either(
            f"do without them, or put their names into x-ops.swarm.accept ({', '.join(keys)}), then: {next_step.AGAIN}",
            f"to lose them this once: {next_step.again(OPTION, f' {OPTION} '.join(keys))}",
        ),
    )


def _nameless(service: str, entry: Mapping[str, Any]) -> Iterator[Loss]:
    """The volumes of a service without a name, which compose hands on to the next container, and Swarm does not."""
    for each in entry.get("volumes") or ():
        if each.get("type", "volume") == "volume" and not each.get("source"):
            yield Loss(service, NAMELESS, str(each["target"]), table.of(NAMELESS, None).why)


def _lost(prefix: str, entry: Mapping[str, Any], item: str) -> Iterator[tuple[Row, str]]:
    """The rows of what is lost of a section, each with the item that it is in."""
    for key, value in entry.items():
        if value is None or key.startswith("x-"):
            continue
        path = f"{prefix}{key}"
        # Each text of a list has a form of its own.
        parts = value if isinstance(value, list) and value and not isinstance(value[0], dict) else [value]
        rows = [table.of(path, part) for part in parts]
        lost = [row for row in rows if row.fate is Fate.LOST and (row.form or not _is_off(value))]
        yield from ((row, item) for row in lost)
        if not lost:
            yield from _below(path, value, item)


def _below(path: str, value: Any, item: str) -> Iterator[tuple[Row, str]]:
    prefix = table.inner(path)
    if not prefix:
        return
    if isinstance(value, list):
        for each in value:
            own = each.get("published") or each.get("target") or each.get("source")
            yield from _lost(prefix, each, str(own or item))
    elif prefix.endswith("*."):
        for name, each in value.items():
            yield from _lost(prefix, each or {}, name)
    elif isinstance(value, dict):
        yield from _lost(prefix, value, item)


def _is_off(value: Any) -> bool:
    """Whether a value says that nothing is wanted; 0 may be wanted."""
    return value is False or (isinstance(value, str | list | dict) and not value)


def _own(name: str, entry: Mapping[str, Any]) -> list[str]:
    """What a service accepts itself."""
    where = f"services.{name}.x-ops.swarm.accept"
    swarm = (entry.get("x-ops") or {}).get("swarm") or {}
    found = swarm.get("accept") if isinstance(swarm, Mapping) else swarm
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise UsageError(f"{where}: should be a list of keys, not {found!r}", next="invoke config")
    for each in found:
        _check_known(each, where)
    return found


def _service(key: str, services: Mapping[str, Any]) -> str:
    """The service that a key begins with; a service may be called as a key is, and may have dots."""
    known = {row.name for row in table.ROWS}
    if key in known:
        return ""
    return max((name for name in services if key.startswith(f"{name}.")), key=len, default="")


def _check_known(key: str, where: str) -> None:
    """Refuse a key that is not in the table: it would accept nothing."""
    known = {row.name for row in table.ROWS}
    if key in known:
        return
    near = spelling.closest(key, known)
    raise UsageError(
        f"{where}: there is no key {key!r} in a compose file{spelling.meant(key, known)}",
        next=next_step.instead(key, near) if near and where == OPTION else "invoke config",
    )


def _is_accepted(key: str, accepted: Collection[str]) -> bool:
    return any(key == each or key.startswith(f"{each}.") for each in accepted)
