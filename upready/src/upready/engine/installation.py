"""Docker on this system: its settings, plugins and socket, and how to install it or get the right to use it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from upready.support import files, next_step, parsing, platform
from upready.support.errors import OpsError
from upready.support.parsing import MalformedError

ENGINE_PIPE = "npipe:////./pipe/docker_engine"
"""The default address of an engine on Windows."""


def docker_configuration() -> Path:
    """The folder of Docker's settings and contexts; without a home folder, the one that Docker uses then."""
    with contextlib.suppress(RuntimeError):
        return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    return Path(".docker")


def engine_socket() -> Path | None:
    """The default socket of an engine on this machine; None if the default is not a file (Windows)."""
    return None if platform.WINDOWS else Path("/var/run/docker.sock")


def plugin_folders() -> list[Path]:
    """Where Docker looks for CLI plugins on this system, first match wins (docs.docker.com, "CLI plugins")."""
    folders = [*_extra_folders(), docker_configuration() / "cli-plugins"]
    if platform.WINDOWS:
        for variable in ("ProgramData", "ProgramFiles"):
            if base := os.environ.get(variable):
                folders.append(Path(base) / "Docker" / "cli-plugins")
        return folders
    return [
        *folders,
        Path("/usr/local/lib/docker/cli-plugins"),
        Path("/usr/local/libexec/docker/cli-plugins"),
        Path("/usr/lib/docker/cli-plugins"),
        Path("/usr/libexec/docker/cli-plugins"),
        Path("/Applications/Docker.app/Contents/Resources/cli-plugins"),
    ]


def homebrew_folders() -> list[Path]:
    """Where Homebrew puts plugins; Docker looks there only if `cliPluginsExtraDirs` of its settings says so."""
    return [
        Path("/opt/homebrew/lib/docker/cli-plugins"),
        Path("/home/linuxbrew/.linuxbrew/lib/docker/cli-plugins"),
    ]


def _extra_folders() -> list[Path]:
    """More folders, named in Docker's settings; none if these cannot be read, which other code reports."""
    with contextlib.suppress(OpsError, MalformedError):
        settings = parsing.from_json(files.read(docker_configuration() / "config.json", name="it") or b"{}")
        listed = settings.get("cliPluginsExtraDirs") if isinstance(settings, dict) else None
        return [Path(each) for each in listed or () if isinstance(each, str)] if isinstance(listed, list) else []
    return []


def engine_permission(socket: Path | None) -> str:
    """Commands that give this user the right to use this machine's engine: its socket is for root and one group."""
    if socket is None or platform.WINDOWS:
        return "as administrator, and log in again then: cmd /c net localgroup docker-users %USERNAME% /add"
    import grp
    import pwd

    with contextlib.suppress(KeyError, OSError):
        group = grp.getgrgid(socket.stat().st_gid)
        user = pwd.getpwuid(os.getuid()).pw_name
        if group.gr_gid and user in group.gr_mem:
            # A session gets its groups at log-in; this one was added later.
            return f"{user} is in the group {group.gr_name}; until the next log-in: newgrp {group.gr_name}"
        if group.gr_gid and group.gr_name != "docker":
            return f"sudo usermod -aG {group.gr_name} $USER && newgrp {group.gr_name}"
    return "sudo usermod -aG docker $USER && newgrp docker"


def engine_remedy() -> str:
    """How to start or install a Docker Engine on this system."""
    if platform.WINDOWS or platform.MACOS:
        start = "open -a Docker" if platform.MACOS else f"start Docker Desktop, then: {next_step.AGAIN}"
        return next_step.either(start, "install Docker Desktop: https://docs.docker.com/desktop/")
    return next_step.either("sudo systemctl start docker", "install Docker: https://docs.docker.com/engine/install/")
