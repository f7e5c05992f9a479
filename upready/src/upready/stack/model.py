"""The merged model that compose makes of a stack's files: services, the ports they publish, and their `x-ops`."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import re
from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from upready.secrets import masking, ordinary
from upready.secrets.secret import MASK, is_secret, worth_hiding
from upready.stack import compose_call, compose_yaml, model_secrets, refusal
from upready.stack import service as entries
from upready.stack.selection import Stack
from upready.stack.service import Port, Service, unescape
from upready.support import files, next_step, parsing, spelling, yaml_location
from upready.support.errors import EnvFileError, OpsError, UsageError
from upready.support.parsing import MalformedError
from upready.support.process import Result

__all__ = ["Model", "Port", "Service", "check_profiles", "load", "load_all", "load_running", "masked", "unescape"]

_ASSIGNED = re.compile(r"-{0,2}[^\W\d][\w-]*")
"""A name that may stand before `=` in an item of a list: that of a variable, or of an option."""

_OPTION = re.compile(r"-[^=]+")
"""An option that may have its value behind it, in the next item of a list."""


@dataclass(frozen=True)
class Model:
    """The merged compose model.

    Attributes:
        services: The services that are active with the stack's profiles, by name.
        inactive: The services of other profiles, as far as compose can say; it is asked only when they are needed.
        raw: Everything compose said, `x-*` keys included. Holds secrets; `masked` removes them.
        stack: What it was merged from.
    """

    services: Mapping[str, Service]
    inactive: Mapping[str, Service]
    raw: Mapping[str, Any]
    stack: Stack

    @property
    def every(self) -> Mapping[str, Service]:
        """All services by name, active or not."""
        # Active services are found without asking compose for the others.
        return ChainMap(cast("dict[str, Service]", self.services), cast("dict[str, Service]", self.inactive))

    @property
    def wanted(self) -> list[Service]:
        """The services that a start brings up: all active ones with a container; a provider's services have none."""
        return [each for each in self.services.values() if each.replicas > 0 and not each.config.get("provider")]

    def service(self, name: str) -> Service:
        """A service by its name, active or not.

        Raises:
            UsageError: There is no service of that name.
        """
        every = self.every
        if name in every:
            return every[name]
        raise UsageError(
            f"there is no service {name!r}{spelling.meant(name, every)}",
            details=[f"services: {', '.join(sorted(every))}"],
            next=next_step.instead(name, near) if (near := spelling.closest(name, every)) else "invoke status",
        )

    def urls(self, *, local: bool = True) -> dict[str, str]:
        """The URLs to open once the stack is ready, by name.

        They are in `x-ops.open` of the active services; if no service has it, they are the published ports.

        Args:
            local: Whether published ports are ports of this machine; if not, nobody knows their addresses.
        """
        return {name: url for _, name, url in self.links(local=local)}

    def links(self, *, local: bool = True) -> list[tuple[str, str, str]]:
        """The same as (service, name, URL)."""
        from upready.stack import addresses
        from upready.support.http_probe import reachable

        told = [
            (service.name, str(name), masking.hide(reachable(str(url))))
            for service in self.services.values()
            for name, url in service.ops.get("open", {}).items()
        ]
        if told or not local:
            return [each for each in told if local or not addresses.is_here(each[2])]
        return [(each.name, *found) for each in self.wanted for found in addresses.of([each]).items()]


def load(stack: Stack, merge: Callable[[], Result] | None = None) -> Model:
    """Let compose merge and interpolate the stack's files (40-50 ms; needs no engine), with its profiles and no others.

    Args:
        stack: The stack.
        merge: Gives what `compose config` says of it, where somebody else asks it, too.

    Raises:
        UsageError: A compose file is broken, a profile does not exist, or a service needs one of a profile that is off.
        EnvFileError: `.env` cannot be read, or a required variable has no value.
        EngineError: There is no compose program.
    """
    try:
        raw = _read(stack, merge() if merge else compose_call.config(stack))
    except UsageError as error:
        if not refusal.OFF.search(error.message):
            raise
        every = _beyond(stack)[1]
        for profile in _unknown(stack, every):
            raise refusal.no_profile(stack, profile, every) from None
        raise refusal.off(stack, every, error) from None
    services = _services(raw, stack)
    others = _Others(stack, services)
    # Every service with a chosen profile is active, so a profile that no active service has does not exist.
    for profile in _unknown(stack, services):
        raise refusal.no_profile(stack, profile, {**services, **others})
    return _known(Model(services, others, raw, stack))


def _known(merged: Model) -> Model:
    """The model; from now on its secrets are masked in everything that is printed."""
    stack = merged.stack
    masking.know_env(stack.root)
    masking.spare([stack.project, *ordinary.words(merged.raw)])
    # A release is loaded from other files than the one before it: the secrets of both are known.
    key = ("model", stack.environment, stack.profiles, stack.files)
    masking.know(key, lambda: model_secrets.gather(merged))
    return merged


def _unknown(stack: Stack, services: Mapping[str, Service]) -> list[str]:
    """The profiles of a stack that no service has, where that is an error, and no variable stands for one."""
    known = {"*", *(profile for each in services.values() for profile in each.profiles)}
    return [each for each in stack.profiles if each not in known and stack.demanded and "$" not in "".join(known)]


def check_profiles(stack: Stack) -> None:
    """Refuse a profile that no service has, as `load` does, as far as that shows before there is a `.env`."""
    every = _uninterpolated(dataclasses.replace(stack, profiles=("*",)))
    for profile in _unknown(stack, every) if every else ():
        raise refusal.no_profile(stack, profile, every)


def load_all(stack: Stack) -> Model:
    """The model with the services of every profile, for tasks that start nothing: images, builds, config.

    If profiles exclude each other, all services together are no valid stack. Then the chosen profiles must be valid,
    and the other services are added as far as compose can merge them. The model's `stack` says which case it is.

    Raises:
        OpsError: As `load` does.
    """
    whole = dataclasses.replace(stack, profiles=("*",))
    try:
        raw = _merge(whole)
    except (UsageError, EnvFileError):
        merged = load(stack)
        beyond, others = _beyond(stack)
        services = {**others, **merged.services}
        return _known(dataclasses.replace(merged, services=services, inactive={}, raw=beyond or merged.raw))
    return _known(Model(_services(raw, whole), {}, raw, whole))


def load_running(stack: Stack, running: Iterable[str]) -> Model:
    """The model of the services that run; they may have been started with other profiles than the stack's.

    Args:
        stack: The stack.
        running: The services that have containers.

    Raises:
        OpsError: As `load` does.
    """
    try:
        return load(stack)
    except UsageError:
        every = _beyond(stack)[1]
        found = [every[name] for name in sorted(running) if name in every]
        needed = [each.profiles[0] for each in found if not entries.is_active(each.profiles, stack.profiles)]
        if not needed:
            raise
        return load(dataclasses.replace(stack, profiles=(*stack.profiles, *dict.fromkeys(needed))))


def _merge(stack: Stack, *options: str) -> dict[str, Any]:
    """Let compose merge a stack's files.

    Raises:
        OpsError: Compose refuses the files.
    """
    return _read(stack, compose_call.config(stack, *options))


def _read(stack: Stack, result: Result) -> dict[str, Any]:
    """The merged model that compose prints.

    Raises:
        OpsError: Compose has refused the files.
    """
    if result.code:
        raise refusal.of(stack, result.stderr)
    try:
        parsing.check_depth(result.stdout.encode())
    except MalformedError as error:
        names = ", ".join(yaml_location.relative(file, stack.root) for file in stack.files)
        again = f"correct that, then: {refusal.merging(stack)}"
        raise UsageError(f"{names}: {error.reason}", next=again) from None
    return compose_call.document(result, compose_yaml.read)


def _services(raw: Mapping[str, Any], stack: Stack) -> dict[str, Service]:
    found = (raw.get("services") or {}).items()
    try:
        return entries.related({name: entries.of(name, entry or {}, stack.project) for name, entry in found})
    except UsageError as error:
        # The message begins with the path of the wrong setting.
        raise refusal.at(stack, error.message, error) from None


def _beyond(stack: Stack) -> tuple[dict[str, Any], dict[str, Service]]:
    """The merged model and the services of every profile, whether they fit together or not; empty if compose fails.

    It may fail though the stack itself is valid: an `env_file` or a `label_file` of another profile may be missing.
    """
    whole = dataclasses.replace(stack, profiles=("*",))
    for options in (["--no-consistency"], ["--no-consistency", "--no-env-resolution"]):
        with contextlib.suppress(OpsError):
            raw = _merge(whole, *options)
            found = (raw.get("services") or {}).items()
            return raw, {name: _leniently(name, entry or {}, whole) for name, entry in found}
    return {}, _uninterpolated(whole)


def _uninterpolated(stack: Stack) -> dict[str, Service]:
    """The services of a stack with the names of variables in place of their values; empty if that fails."""
    with contextlib.suppress(OpsError):
        found = _merge(stack, "--no-interpolate").get("services") or {}
        return {name: entries.named(name, entry or {}) for name, entry in found.items()}
    return {}


def _leniently(name: str, entry: Mapping[str, Any], stack: Stack) -> Service:
    """A service of a profile that is off; mistakes in its `x-ops` do not matter yet."""
    try:
        return entries.of(name, entry, stack.project)
    except UsageError:
        return entries.named(name, entry)


class _Others(Mapping[str, Service]):
    """The services of the profiles that are off, by name; compose is asked for them only when they are needed."""

    def __init__(self, stack: Stack, active: Collection[str]) -> None:
        self._stack, self._active = stack, active

    @functools.cached_property
    def _found(self) -> dict[str, Service]:
        if "*" in self._stack.profiles or not any(_may_hide(file) for file in self._stack.files):
            return {}
        return {name: each for name, each in _beyond(self._stack)[1].items() if name not in self._active}

    def __getitem__(self, name: str) -> Service:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _may_hide(file: Path) -> bool:
    """Whether a compose file, or a file that it includes or extends, may have services with profiles."""
    data = files.read(file) or b""
    return any(word in data for word in (b"profiles", b"include", b"extends"))


def masked(merged: Model, secrets: Iterable[str] = ()) -> dict[str, Any]:
    """The merged model without secrets, fit to be printed.

    Args:
        merged: The model.
        secrets: Values to mask everywhere, also within other text.

    A value under a key that names a secret (`POSTGRES_PASSWORD`, `API_TOKEN`) and a password within a URL are masked
    whatever the schema says, so that a project without a schema is safe too.
    """
    found = {*worth_hiding(secrets), *worth_hiding(model_secrets.gather(merged))}
    known = found | set(masking.Mask(found).forms)
    known |= {each.replace("$", "$$") for each in known}  # as compose writes it
    return dict(_mask(merged.raw, "", sorted(known, key=len, reverse=True)))


def _mask(value: Any, key: str, secrets: Sequence[str], *, variables: bool = False) -> Any:
    """A part of the model without secrets; `variables` says whether it holds variables and their values."""
    if isinstance(value, Mapping):
        inside = variables or key in ("environment", "args")
        return {name: _mask(each, str(name), secrets, variables=inside) for name, each in value.items()}
    if isinstance(value, list):
        # The value behind an option, as in `[redis-server, --requirepass, x]`, has the option's name as its key, unless
        # the option has its value with it: `--requirepass=x`.
        keys = [key, *(each if isinstance(each, str) and _OPTION.fullmatch(each) else key for each in value)]
        return [_mask(each, before, secrets) for each, before in zip(value, keys, strict=False)]
    if value and is_secret(key, str(value)):  # in `x-*`, compose leaves a number a number
        return MASK
    if not isinstance(value, str):
        return value
    # A `NAME=value` or `--name=value` of a list.
    name, separator, text = value.partition("=")
    if separator and _ASSIGNED.fullmatch(name) and is_secret(name, text):
        return f"{name}={MASK}"
    return ordinary.masked_value(key, value, secrets) if variables else ordinary.masked(value, secrets)
