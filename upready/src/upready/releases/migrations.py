"""Which services run migrations in a release: a rollback does not take back what those change.

A service runs them where it is started anew and

- has a `pre_start` hook, or
- is a job that others wait for (`depends_on: {migrate: {condition: service_completed_successfully}}`), or
- says so: `x-ops.migrations: true`, or a path. Of a path, its files must differ from those of the release before.

`x-ops.migrations: false` says that a hook or a job is no migration.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from upready.releases import plan
from upready.releases.plan import Change
from upready.stack.model import Model, Service
from upready.support import files
from upready.support.errors import UsageError


def find(model: Model, changes: Sequence[Change], now: Mapping[str, str], before: Mapping[str, str]) -> list[str]:
    """The services that run migrations in a release, by their names.

    Args:
        model: What is released.
        changes: What that changes.
        now: What `fingerprints` tells of the model.
        before: What was told of the release that serves.
    """
    jobs = {
        name
        for each in model.services.values()
        for name, condition in each.depends_on.items()
        if condition == "service_completed_successfully"
    }
    anew = {each.service for each in changes if each.action in (plan.CREATED, plan.ROLLED, plan.REPLACED)}
    found = []
    for name in sorted(anew):
        service = model.service(name)
        said = service.ops.get("migrations")
        if isinstance(said, str):
            runs = now.get(name) != before.get(name)
        else:
            runs = name in jobs or bool(service.config.get("pre_start")) if said is None else said
        if runs:
            found.append(name)
    return found


def fingerprints(model: Model) -> dict[str, str]:
    """Of each service with a path in `x-ops.migrations`: a hash of the files there.

    Raises:
        UsageError: There is nothing at the path, or it cannot be read.
    """
    told = {each.name: _path(model, each) for each in model.services.values()}
    return {name: _hash(name, path) for name, path in told.items() if path is not None}


def kept(backup: Mapping[str, str], by: str = "") -> list[str]:
    """What a user is told of the backup that was made before migrations; nothing where none was.

    Args:
        backup: As the record has it: its id, and its file on the machine that made it.
        by: Who made it, and where.
    """
    if not backup:
        return []
    where = f" of {by}" if by else ""
    return [f"the data of before are in {backup['file']}{where}: invoke restore {backup['id']} brings them back"]


def _path(model: Model, service: Service) -> Path | None:
    said = service.ops.get("migrations")
    return model.stack.root / said if isinstance(said, str) else None


def _hash(name: str, path: Path) -> str:
    found = [path] if files.is_file(path) else sorted(each for each in path.rglob("*") if files.is_file(each))
    if not found:
        raise UsageError(
            f"services.{name}.x-ops.migrations: there is no file at {path}",
            next="correct the path, then: invoke prod --plan",
        )
    digest = hashlib.sha256()
    for each in found:
        if "__pycache__" not in each.parts:
            digest.update(f"{each.relative_to(path).as_posix()}\0".encode(errors="surrogateescape"))
            digest.update(hashlib.sha256(files.read(each) or b"").digest())
    return digest.hexdigest()
