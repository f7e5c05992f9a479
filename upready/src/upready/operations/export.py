"""A stack exported for Kubernetes: files in a folder, which somebody else runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready import dotenv
from upready.kubernetes import contents, export, names, notation, summary
from upready.kubernetes.export import Export
from upready.kubernetes.subject import Content, Manifest
from upready.operations.step import Step
from upready.secrets import masking, ordinary
from upready.secrets.secret import Secret, worth_hiding
from upready.stack import compose_variables, model, model_secrets
from upready.stack import selection as stacks
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.stack.service import unescape
from upready.stack.settings import RELEASED, Settings
from upready.support import files, shell_words, spelling
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN

if TYPE_CHECKING:
    from upready.schemas import project

FORMATS = ("kubernetes",)
"""What a stack can be exported as."""

MARK = "Written by `invoke export kubernetes`, which replaces it: change the compose files instead."
"""Stands in the first line of each file. A file without it is somebody's own."""

README = "README.md"
"""The file that says what to do, and what is lost."""


@dataclass(frozen=True)
class Exported:
    """A stack exported, not written anywhere yet.

    Attributes:
        stack: The stack.
        namespace: The namespace that commands name: the project's name, as Kubernetes allows it.
        left_out: The services of profiles that are off.
        content: The objects, the Secrets that they refer to, and what is lost.
        command: The command that prints the objects; with `--secrets`, those Secrets.
        merged: The merged model.
    """

    stack: Stack
    namespace: str
    left_out: tuple[str, ...]
    content: Export
    command: str
    merged: Model

    @property
    def readme(self) -> str:
        """What to do with the objects, and what is lost."""
        told = (self.namespace, self.stack.environment, self.left_out, self.content, f"{self.command} --secrets")
        return summary.of(*told)

    def as_dict(self) -> project.Exported:
        """The export as it stands in the JSON document."""
        return {
            "project": self.stack.project,
            "environment": self.stack.environment,
            "format": FORMATS[0],
            "manifests": list(self.content.manifests),
            "lost": [each.as_dict() for each in self.content.lost],
            "secrets": [{"name": name, "keys": sorted(keys)} for name, keys in self.content.secrets.items()],
            "images": list(self.content.images),
            "left_out": list(self.left_out),
        }


def environment_of(settings: Settings, environment: str) -> str:
    """The environment that is exported: the one that is named, else production, else the first."""
    return environment or (RELEASED if RELEASED in settings.environments else settings.default)


def check(name: str) -> None:
    """Make sure that a stack can be exported as that.

    Raises:
        UsageError: It cannot.
    """
    if name not in FORMATS:
        near = spelling.closest(name, FORMATS) or FORMATS[0]
        raise UsageError(
            f"there is no export to {name!r}{spelling.meant(name, FORMATS)}",
            details=[f"formats: {', '.join(FORMATS)}"],
            next=f"invoke export {near}",
        )


def make(settings: Settings, environment: str, profiles: Sequence[str]) -> Exported:
    """Translate the stack of an environment; nothing is written.

    Raises:
        OpsError: Compose cannot merge what is chosen, or a file of its configs cannot be read.
    """
    stack = stacks.select(settings, environment, profiles)
    merged = model.load(stack)
    secrets = dotenv.secrets(stack, dotenv.values(stack))
    found = {*worth_hiding(secrets), *worth_hiding(model_secrets.gather(merged))}
    known = sorted(found | set(masking.Mask(found).forms), key=len, reverse=True)

    def hide(text: str) -> str:
        return ordinary.masked(text, known)

    content = export.translate(
        stack.project, merged.services, merged.raw, model.masked(merged, secrets), dict(_configs(merged, hide)), hide
    )
    words = ["invoke", "export", FORMATS[0], "--env", environment]
    words += [word for each in profiles for word in ("--profile", each)]
    left_out = tuple(sorted(merged.inactive))
    return Exported(stack, names.label(stack.project), left_out, content, shell_words.line(words), merged)


def texts(exported: Exported) -> dict[str, str]:
    """The files of an export, by their name: one for each object, and one that says what to do and what is lost."""
    found = {
        f"{each['kind']}-{each['metadata']['name']}.yaml".lower(): f"# {MARK}\n{notation.of([each])}"
        for each in exported.content.manifests
    }
    return {README: f"<!-- {MARK} -->\n\n{exported.readme}", **found}


def plan(exported: Exported, folder: Path) -> list[Step]:
    """What writing would do.

    Raises:
        UsageError: The folder, or a file in it, is somebody's own.
    """
    written = texts(exported)
    stale = _stale(folder, written)
    names_ = ", ".join(written)
    steps = [Step("write", tuple(str(folder / name) for name in written), f"write into {folder}: {names_}")]
    if stale:
        told = ", ".join(each.name for each in stale)
        steps.append(Step("remove", tuple(map(str, stale)), f"remove what an earlier export wrote: {told}"))
    return steps


def write(exported: Exported, folder: Path) -> list[Path]:
    """Write an export into a folder, in the place of an earlier one; returns the files.

    Raises:
        UsageError: The folder, or a file in it, is somebody's own: nothing is written then. Or it cannot be written.
    """
    written = texts(exported)
    stale = _stale(folder, written)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        for each in stale:
            each.unlink()
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder} could not be written: {error.strerror}",
            next=f"make room, or give another folder to --output, then: {AGAIN}",
        ) from None
    return [folder / name for name in written]


def secrets(exported: Exported) -> list[Manifest]:
    """The Secrets with their values: only for whoever has asked for them. From here on, nothing is masked.

    Raises:
        UsageError: A value is not there.
    """
    found = []
    for name, values in exported.content.secrets.items():
        read = {key: _value(exported.merged, each) for key, each in values.items()}
        found.append(contents.secret(name, exported.stack.project, read))
    masking.reveal()
    return found


def _stale(folder: Path, written: Mapping[str, str]) -> list[Path]:
    """The files that an earlier export wrote and this one does not.

    Raises:
        UsageError: The folder is none, or a file that would be written is somebody's own.
    """
    if files.there(folder) and not files.is_folder(folder):
        raise UsageError(
            f"{folder} is no folder: nothing was written", next=f"give a folder to --output, then: {AGAIN}"
        )
    for name in written:
        if files.there(folder / name) and not _is_ours(folder / name):
            raise UsageError(
                f"{folder / name} was not written by an export: nothing was written",
                next=shell_words.move_command(folder / name, folder / f"{name}.old"),
            )
    there = sorted(folder.glob("*.yaml")) if files.is_folder(folder) else []
    return [each for each in there if each.name not in written and files.is_file(each) and _is_ours(each)]


def _is_ours(path: Path) -> bool:
    return MARK.encode() in files.start(path, 200).partition(b"\n")[0]


def _configs(merged: Model, hide: Any) -> Iterator[tuple[str, bytes]]:
    """The content of the configs that the services use, but for those that hold a secret."""
    used = {str(each["source"]) for service in merged.services.values() for each in service.config.get("configs") or ()}
    for name, entry in sorted((merged.raw.get("configs") or {}).items()):
        if name not in used or entry.get("external") or model_secrets.held(merged, name, entry, secret=False):
            continue
        content = _value(merged, Content("configs", name))
        text = content.decode("utf-8", "replace")
        if hide(text) == text:
            yield name, content


def _value(merged: Model, value: Secret | Content) -> bytes:
    """A value of a Secret or a config.

    Raises:
        UsageError: It is not there.
    """
    if isinstance(value, Secret):
        return value.reveal().encode()
    stack = merged.stack
    entry: Mapping[str, Any] = (merged.raw.get(value.kind) or {}).get(value.name) or {}
    if variable := str(entry.get("environment") or ""):
        found = stack.variables.get(variable) or compose_variables.variable(stack.read_files, variable)
        return found.encode()
    if entry.get("file"):
        path = stack.root / str(entry["file"])
        content = files.read(path)
        if content is None:
            raise UsageError(
                f"{value.kind}.{value.name}: the file {path} is not there", next=f"write {path}, then: {AGAIN}"
            )
        return content
    return str(unescape(entry.get("content") or "")).encode()
