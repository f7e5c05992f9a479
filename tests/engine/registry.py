"""A registry of images that asks for a user and a password: Debian's package docker-registry."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

PROGRAM = "docker-registry"
USER, PASSWORD = "shop", "r4gUzp0nVfQk8sWd"

_SETTINGS = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/images}}, delete: {{enabled: true}}}}
http: {{addr: "{address}"}}
auth: {{htpasswd: {{realm: shop, path: {folder}/users}}}}
"""


def problem() -> str:
    """Why there can be none here; empty where there can."""
    return "" if shutil.which(PROGRAM) else f"needs Debian's package {PROGRAM}"


@contextlib.contextmanager
def serving(folder: Path, address: str, inside: Sequence[str]) -> Iterator[None]:
    """A registry within the block.

    Args:
        folder: Where it keeps what it has.
        address: Where it listens.
        inside: What to put before its command, so that it runs in another network.
    """
    import bcrypt

    folder.mkdir(parents=True)
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4, prefix=b"2a")).decode()
    (folder / "users").write_text(f"{USER}:{hashed}\n", encoding="utf-8")
    settings = folder / "settings.yml"
    settings.write_text(_SETTINGS.format(folder=folder, address=address), encoding="utf-8")
    log = folder / "log"
    with log.open("wb") as file:
        line = [*inside, PROGRAM, "serve", str(settings)]
        process = psutil.Popen(line, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        assert process.poll() is None, log.read_text()
        process.kill()
        process.wait(30)


def log_in(settings: Path, address: str) -> None:
    """Do what `docker login` does, which would have to reach the registry from here."""
    found = json.loads(settings.read_text("utf-8")) if settings.exists() else {}
    known = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    settings.write_text(json.dumps({**found, "auths": {address: {"auth": known}}}), encoding="utf-8")
