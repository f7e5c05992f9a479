"""The secrets that this process knows, and the mask over them in everything that it prints.

Reading `.env`, the merged model or a container registers its secrets here. Code that prints calls `hide`, or `mask` for
many texts.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from upready.envfile import example_names
from upready.secrets import forms, ordinary
from upready.secrets.secret import MASK, hide_assigned, hide_url_passwords, looks_secret, named, worth_hiding
from upready.support import files


class Mask:
    """Hides some secrets in texts.

    Args:
        secrets: Their texts. Those that are too short are not masked; ordinary words are masked only behind a name that
            says that they are secret and `=`.
        urls: Whether passwords in URLs are masked too.
        spared: Words that are never masked: they stand everywhere.
    """

    def __init__(self, secrets: Iterable[str], *, urls: bool = True, spared: Collection[str] = ()) -> None:
        self._urls = urls
        worth = worth_hiding(secrets)
        weak = {each for each in worth if ordinary.is_ordinary(each, spared)}
        self._weak = sorted(weak)
        found = {form for each in worth if each not in weak for form in forms.of(each)}
        self._forms = sorted(found, key=lambda each: (-len(each), each))
        self._needles = forms.needles(found)
        self._words = {each: re.compile(rf"(?<![A-Za-z]){each}(?![A-Za-z])") for each in found if _is_word(each)}

    @property
    def forms(self) -> list[str]:
        """The texts that are masked, the longest first: each secret as it is, and as JSON, URLs and base64 write it."""
        return self._forms

    def may_touch(self, text: str) -> bool:
        """Whether `text` may change a text, or its form in JSON. A quick test for many lines at once."""
        for form in self._needles:
            if form in text:
                return True
        if any(each in text for each in self._weak) and self._hide_weak(text) != text:
            return True
        if self._forms and ("\x1b" in text or "\\u" in text or "\\/" in text):
            return True
        return self._urls and "://" in text and hide_url_passwords(text) != text

    def text(self, text: str) -> str:
        """A text with a mask in place of every secret."""
        text = self._plainly(text)
        # If a secret has colours within it, all colours are removed.
        if "\x1b" in text and (bare := _COLOUR.sub("", text)) != (masked := self._plainly(bare)):
            return masked
        return text

    def _plainly(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = self._words[form].sub(MASK, text) if form in self._words else text.replace(form, MASK)
        text = self._hide_weak(text)
        return hide_url_passwords(text) if self._urls and "://" in text else text

    def _entry(self, name: str, value: Any) -> Any:
        """The value of a name: an ordinary word is masked if the name says that it is secret."""
        return MASK if value in self._weak and looks_secret(name) else self.value(value)

    def _hide_weak(self, text: str) -> str:
        """A text in which ordinary words are masked where their form shows that they are secrets."""
        if not self._weak:
            return text
        text = ordinary.hide(text, self._weak)
        return hide_assigned(text) if "=" in text else text

    def value(self, value: Any) -> Any:
        """A JSON value in which every text is masked, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._entry(str(key), each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        # A number may be a secret too.
        return MASK if isinstance(value, int | float) and str(value) in self._forms else value


_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
"""A colour sequence (SGR, ECMA-48 8.3.117)."""

_sources: dict[Hashable, Callable[[], Iterable[str]]] = {}
_texts: dict[Hashable, list[str]] = {}
_mask: Mask | None = None
_version = 0
_nothing = Mask((), urls=False)
_hiding = False
_env: Callable[[Path], Iterable[str]] | None = None


@contextlib.contextmanager
def hiding(root: Path, env: Callable[[Path], Iterable[str]]) -> Iterator[None]:
    """During the block, mask all secrets that become known, and those in the project's `.env`.

    Args:
        root: The project's folder.
        env: Gives the secrets in the `.env` of a folder.
    """
    global _env, _hiding, _mask  # noqa: PLW0603 - one process works on one project, and prints in many places
    _sources.clear()
    _texts.clear()
    ordinary.forget()
    _env, _hiding, _mask = env, True, None
    know_env(root)
    # Compose may pass variables of the shell on under other names.
    know("shell", lambda: named(dict(os.environ)))
    try:
        yield
    finally:
        _hiding = False


def reveal() -> None:
    """Hide nothing: the user has asked to see it."""
    global _hiding  # noqa: PLW0603
    _hiding = False


def know(key: Hashable, texts: Callable[[], Iterable[str]]) -> None:
    """Register a source of secrets; it is read when something is printed.

    Args:
        key: What the secrets belong to; an earlier source with the same key is forgotten.
        texts: Gives the secrets.
    """
    global _mask, _version
    _sources[key] = texts
    _texts.pop(key, None)
    _mask, _version = None, _version + 1


def spare(names: Iterable[str]) -> None:
    """Never mask the names of services and images: a password that equals such a name cannot be hidden."""
    global _mask, _version
    ordinary.spare(names)
    _mask, _version = None, _version + 1


def knows_model() -> bool:
    """Whether the secrets of a stack's compose files are known already."""
    return any(isinstance(key, tuple) and key[0] == "model" for key in _sources)


def know_env(root: Path) -> None:
    """Register the secrets in a project's `.env`; if it was read before, it is read again."""

    def texts() -> list[str]:
        if _env is None or not (files.there(root / ".env") or example_names.beside(root / ".env")):
            return []
        return list(_env(root))

    know(("env", root), texts)


def know_container(raw: Mapping[str, Any]) -> None:
    """Register the secrets of a container, from the engine's inspection; they never change."""
    key = ("container", raw.get("Id"))
    if key not in _sources:
        know(key, lambda: _given(raw))
        labels = (raw.get("Config") or {}).get("Labels") or {}
        spare(filter(None, [labels.get("com.docker.compose.service"), labels.get("com.docker.compose.project")]))


def mask() -> Mask:
    """The mask over all secrets that are known so far."""
    global _mask  # noqa: PLW0603
    if not _hiding:
        return _nothing
    while _mask is None:
        known = _version
        for key, texts in list(_sources.items()):
            if key not in _texts:
                # Errors are printed through this mask too: a source that cannot be read must not stop them.
                with contextlib.suppress(Exception):
                    _texts[key] = list(texts())
        made = Mask(text for texts in list(_texts.values()) for text in texts)
        # Another thread may have registered more secrets meanwhile.
        if known == _version:
            _mask = made
    return _mask


def hide(text: str) -> str:
    """A text with all known secrets masked."""
    return mask().text(text) if _hiding else text


def hide_in(value: Any) -> Any:
    """A JSON value with all known secrets masked."""
    return mask().value(value) if _hiding else value


def _given(raw: Mapping[str, Any]) -> Iterable[str]:
    """The secrets in a container's variables and commands, and in files that are mounted where compose puts secrets."""
    from upready.secrets import embedded, secret_file

    config = raw.get("Config") or {}
    for entry in config.get("Env") or ():
        name, _, value = entry.partition("=")
        yield from named(value, name)
    for words in (config.get("Cmd"), config.get("Entrypoint"), (config.get("Healthcheck") or {}).get("Test")):
        yield from embedded.in_command(words)
    yield from named(config.get("Labels") or {})
    for mount in raw.get("Mounts") or ():
        if mount.get("Type") == "bind" and str(mount.get("Destination", "")).startswith("/run/secrets/"):
            yield from secret_file.texts(Path(mount.get("Source", "")))


def _is_word(text: str) -> bool:
    """Whether a secret consists of letters only and is short, so that it may be part of a longer word."""
    return len(text) <= 12 and text.isascii() and text.isalpha()
