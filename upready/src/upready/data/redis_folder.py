"""The folder in which a Redis has its files, and the folder beside them in which a restore works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from upready.data import guard, volume
from upready.data.redis import Files
from upready.data.sources import Source
from upready.releases import carrier
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import answering
from upready.support import next_step
from upready.support.errors import DataError, UsageError

HIDDEN = ".upready-restore"
"""The folder beside the server's files; `new` is the backup, `was` what was replaced, `done` is there once all is."""

_MOVE = """
cd "$1" || exit 1
shift
here=.upready-restore
move() {
  for each in $names; do
    [ ! -e "$1/$each" ] || mv "$1/$each" "$2" || return 1
  done
}
back() {
  [ ! -e "$here/half" ] || move . "$here/new" || return 1
  move "$here/was" . && rm -f "$here/half" "$here/done"
}
names="$*"
"""
_SWAP = f"""{_MOVE}
mkdir -p "$here/was" && chown -R "$(stat -c %u:%g .)" "$here/new" || exit 1
move . "$here/was" && : >"$here/half" && move "$here/new" . && mv "$here/half" "$here/done" && exit 0
back
exit 1
"""
_BACK = f"""{_MOVE}
[ ! -e "$here/done" ] || mv "$here/done" "$here/half"
back
"""
_TAKE_BACK = f"""{_BACK}
[ $? = 0 ] && rmdir "$here/was" && mv "$here/new" "$here/was" && : >"$here/done"
"""
"""What served meanwhile is then where replaced keys would be: no task removes those without a backup."""

_REMOVE = f"""{_MOVE}
[ ! -d "$here/was" ] || [ -e "$here/done" ] || back || exit 1
rm -rf "$here"
"""
"""Also after a restore that was cut off in the middle: then what was there is put back first."""


@dataclass(frozen=True)
class Folder:
    """The folder of one server.

    Attributes:
        engine: Where it runs.
        project: Compose's project name.
        source: The service.
        files: What it has there.
    """

    engine: Containers
    project: str
    source: Source
    files: Files

    @property
    def replaced(self) -> str:
        """The path in its container of the keys that were replaced."""
        return f"{self.files.folder}/{HIDDEN}/was/{self.files.rdb}"

    @property
    def _container(self) -> str:
        """The id of the container that the server runs in now."""
        return self.engine.now(self.project, self.source.container).id

    def holds(self, name: str = "") -> bool:
        """Whether a restore has left something: anything at all, or `was` or `done`."""
        from docker.errors import NotFound

        with answering():
            try:
                path = f"{self.files.folder}/{HIDDEN}/{name}"
                chunks, _ = self.engine.client.api.get_archive(self._container, path)
                chunks.close()
            except NotFound:
                return False
        return True

    def check(self) -> None:
        """Make sure that the server's keys outlive its container.

        Raises:
            UsageError: They do not.
        """
        self._mount()

    def swap(self) -> None:
        """Exchange its files for the restored ones, while it is stopped.

        Raises:
            DataError: It failed; all is as it was.
        """
        self._run(_SWAP)

    def take_back(self) -> None:
        """Exchange them back, while it is stopped; what served meanwhile is then what was replaced."""
        self._run(_TAKE_BACK)

    def clear(self) -> None:
        """Remove what a restore has left; what it had only half exchanged is put back first."""
        self._run(_REMOVE)

    def _mount(self) -> tuple[dict[str, Any], str]:
        """What holds the server's folder, and the folder's path within.

        Raises:
            UsageError: Nothing does: its keys are lost with its container anyway.
        """
        folder = PurePosixPath(self.files.folder)
        mounts = [each for each in self.source.container.raw.get("Mounts") or [] if each.get("RW", True)]
        held = [each for each in mounts if folder.is_relative_to(str(each.get("Destination")))]
        if not held:
            raise UsageError(
                f"{self.source.service} keeps its keys in {folder}, which is no volume of its container",
                details=["nothing was changed"],
                next=next_step.again("--into", f"{self.project}_{self.source.service}_restored"),
            )
        mount = max(held, key=lambda each: len(str(each["Destination"])))
        return mount, folder.relative_to(str(mount["Destination"])).as_posix()

    def _run(self, script: str) -> None:
        """Run a script beside the server's files, as root, in a container of its own image.

        Raises:
            DataError: It failed.
        """
        from docker.types import Mount

        api: Any = self.engine.client.api
        mount, inside = self._mount()
        by_name = mount.get("Type") == "volume"
        place = Mount(
            volume.FOLDER, mount["Name"] if by_name else mount["Source"], type="volume" if by_name else "bind"
        )
        names = [each for each in (self.files.rdb, self.files.log) if each]
        with answering():
            made = api.create_container(
                self.source.container.image_id,
                entrypoint=["sh", "-c", script, "sh", f"{volume.FOLDER}/{inside}", *names],
                command=[],
                user="0:0",
                host_config=api.create_host_config(mounts=[place], network_mode="none"),
                labels={guard.LABEL: self.project},
            )["Id"]
        try:
            with answering():
                api.start(made)
                code = api.wait(made)["StatusCode"]
                said = api.logs(made).decode("utf-8", "replace").splitlines()
        finally:
            carrier.remove(self.engine, made)
        if code:
            raise DataError(
                f"the files of {self.source.service} could not be exchanged", details=said[-10:], next="invoke doctor"
            )
