"""Remove a project from an engine: with compose and its files, then by its name alone; and say what stays.

With the files, compose runs `pre_stop` hooks and ends what providers made. By name, it reaches every profile, override
and environment, and containers that no file names any more, even if the files are broken.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready.runtime.docker.engine import PROJECT, answering
from upready.runtime.interface import Kept, Note, Stopped
from upready.stack import compose, compose_call
from upready.stack.selection import Stack
from upready.support import files
from upready.support.errors import EngineError, EnvFileError, OpsError, StartError, UsageError

if TYPE_CHECKING:
    from upready.runtime.docker.containers import Containers

_PERHAPS_HOOKS = re.compile(rb"pre_stop|provider|include|extends")
"""Words in a compose file that may need an action at a stop, or that name another such file."""


def external(stacks: Sequence[Stack], volumes: Sequence[str]) -> list[str]:
    """Volumes that the files now call external, though they were once made for this project: they are not removed.

    Args:
        stacks: The stacks that it was started from.
        volumes: The names of its volumes.
    """
    if not volumes:
        return []
    named: set[str] = set()
    for stack in stacks:
        result = compose_call.config(compose.whole(stack), "--no-consistency", "--format", "json")
        if result.code == 0:
            declared = compose_call.document(result).get("volumes") or {}
            named |= {str(each.get("name")) for each in declared.values() if each and each.get("external")}
    return sorted(named & set(volumes))


class Teardown:
    """The stop of one project on one engine.

    Args:
        connected: The engine.
        project: Compose's project name.
        data: Whether volumes are removed too.
        grace: Seconds for each container to end, instead of its own setting.
        tell: Gets a sentence about each thing that was not done as the files say.
    """

    def __init__(self, connected: Containers, project: str, *, data: bool, grace: float | None, tell: Note) -> None:
        self._engine = connected
        self._api: Any = connected.client.api
        self._project = project
        self._data = data
        self._tell = tell
        self._options = ["--timeout", str(round(grace))] if grace is not None else []
        self._running: list[str] = []

    def found(self) -> Stopped:
        """What there is to be removed."""
        with answering():
            containers = self._api.containers(all=True, filters={"label": f"{PROJECT}={self._project}"})
        names = sorted(each["Names"][0].lstrip("/") for each in containers)
        volumes = self._engine.volumes(self._project) if self._data else []
        return Stopped(self._project, names, self._engine.networks(self._project), volumes)

    def run(self, stacks: Sequence[Stack]) -> Stopped:
        """Stop and remove all of it.

        Args:
            stacks: The stacks that it was started from, newest first.

        Raises:
            EngineError: The engine does not answer.
            StartError: A container could not be stopped.
        """
        before = self.found()
        if before.containers:
            self._running = [f"may still run: {', '.join(before.containers)}"]
        try:
            return self._run(stacks, before)
        except EngineError as error:
            error.details += [each for each in self._running if each not in error.details]
            raise

    def _run(self, stacks: Sequence[Stack], before: Stopped) -> Stopped:
        """See `run`.

        Args:
            stacks: As there.
            before: What there is.
        """
        spared = external(stacks, before.volumes)
        before = before.without(spared)
        anonymous = self._anonymous()
        for stack in stacks:
            self._with_files(stack)
        left = self.found()
        said = self._by_name() if left.containers or left.networks else ""
        if left.containers and (more := self._one_by_one()) is not None:
            said += more + self._by_name()
        # Not by compose: it would remove any volume with the name in the files, even another project's.
        for name in [*before.volumes, *anonymous]:
            self._remove_volume(name)
        left = self.found().without(spared)
        if left.containers:
            raise _unstopped(left.containers, said)
        kept = [self._network(name) for name in left.networks] + [self._volume(name) for name in left.volumes]
        return before.less(left, kept)

    def _with_files(self, stack: Stack) -> None:
        """Let compose stop the services in a stack's files, of every profile; others stay."""
        line = compose.command(compose.whole(stack), "down", *self._options)
        # If the name is set there, compose treats unreadable files as missing, without an error.
        result = compose_call.run(
            line,
            self._engine,
            cwd=stack.root,
            env={**stack.variables, "COMPOSE_PROJECT_NAME": ""},
            running=self._running,
        )
        if not result.code:
            return
        error = compose.failure(result.stderr)
        if isinstance(error, UsageError | EnvFileError) and " Container " not in result.stderr:
            if self.found().containers and any(map(_perhaps_hooks, stack.files)):
                self._tell(f"stopped, perhaps without pre_stop hooks: {error.message}")
        elif not isinstance(error, EngineError):
            self._tell(f"stopped in spite of an error: {error.message}")

    def _by_name(self) -> str:
        """Let compose stop everything with the project's name; returns its output."""
        line = compose.project_command(self._project, "down", "--remove-orphans", *self._options)
        # Compose finds a project by its labels; it runs where no compose file or `.env` can disturb it.
        anywhere = Path(Path(sys.executable).anchor)
        return compose_call.run(line, self._engine, cwd=anywhere, env=compose.NO_FILES, running=self._running).stderr

    def _one_by_one(self) -> str | None:
        """Stop the containers that compose leaves: a one-off container whose service has no other.

        Returns:
            The engine's refusals; None if nothing was left.
        """
        from docker.errors import APIError

        left, refused = self.found().containers, ""
        if not left:
            return None
        for name in left:
            asked = {"t": self._options[-1]} if self._options else {}
            with answering():
                try:
                    stopped = self._api._post(
                        self._api._url("/containers/{0}/stop", name), params=asked, timeout=(self._api.timeout, None)
                    )
                    self._api._raise_for_status(stopped)
                    self._api.remove_container(name, force=True)
                except APIError as error:
                    refused += "" if error.status_code == 404 else f"\nError response from daemon: {error.explanation}"
        return refused

    def _anonymous(self) -> list[str]:
        """The anonymous volumes of the containers: they are removed with the data."""
        if not self._data:
            return []
        with answering():
            listed = self._api.containers(all=True, filters={"label": f"{PROJECT}={self._project}"})
            without = self._api.volumes(filters={"label": "com.docker.volume.anonymous"})
        mounted = {mount.get("Name") for each in listed for mount in each.get("Mounts") or []}
        return [each["Name"] for each in without.get("Volumes") or [] if each["Name"] in mounted]

    def _remove_volume(self, name: str) -> None:
        from docker.errors import APIError

        with answering():
            try:
                self._api.remove_volume(name)
            except APIError as error:
                # A volume in use stays, and is reported; one that is already gone is fine.
                if error.status_code not in (404, 409):
                    raise

    def _network(self, name: str) -> Kept:
        """A network that stays, and the containers that use it."""
        from docker.errors import NotFound

        with answering():
            try:
                used = self._api.inspect_network(name).get("Containers") or {}
            except NotFound:
                used = {}
        return Kept("network", name, tuple(sorted(self._user(identifier) for identifier in used)))

    def _volume(self, name: str) -> Kept:
        """A volume that stays, and the containers that use it, stopped ones included."""
        with answering():
            used = self._api.containers(all=True, filters={"volume": name})
        return Kept("volume", name, tuple(sorted(_called(each) for each in used)))

    def _user(self, identifier: str) -> str:
        with answering():
            used = self._api.containers(all=True, filters={"id": identifier})
        return _called(used[0]) if used else identifier[:12]


def _unstopped(names: Sequence[str], said: str) -> OpsError:
    """The error about containers that could not be stopped."""
    why = compose.failure(said, StartError)
    if isinstance(why, EngineError):
        return why
    return StartError(
        f"{', '.join(names)} could not be stopped: {why.message}",
        details=why.details,
        next=f"docker rm --force {' '.join(names)}",
    )


def _called(listed: dict[str, Any]) -> str:
    """A container's name, and its project if it has one."""
    name, project = str(listed["Names"][0]).lstrip("/"), (listed.get("Labels") or {}).get(PROJECT, "")
    return f"{name} of the project {project}" if project else name


def _perhaps_hooks(file: Path) -> bool:
    """Whether a compose file may ask for actions at a stop; also if it is gone or cannot be read."""
    try:
        data = files.read(file)
    except OpsError:
        return True
    return data is None or _PERHAPS_HOOKS.search(data) is not None
