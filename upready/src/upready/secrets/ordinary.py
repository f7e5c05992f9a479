"""Secrets that are ordinary words: `postgres`, `shop`, `6379`.

Masked wherever they stand, they would take image names, paths and ports with them, and be told by the gaps. So they are
masked where they stand as a value: behind a name that says so. That anybody can guess them is `weak-secret`'s to tell.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from upready.secrets import secret, secret_names, secret_values
from upready.secrets.secret import MASK

_ORDINARY = re.compile(
    r"[a-z]{1,5}|\d{1,5}|passwords?|passwort|postgres(?:ql)?|changeme|example|default|secrets?|tokens?|mariadb|rabbit(?:mq)?"
    r"|letmein|welcome|development|production|administrator|username|localhost|sample|master|docker|mongodb|elastic"
    r"|wordpress|nextcloud|keycloak|grafana|minioadmin|database|backend|frontend|service|server|testing|staging"
)
"""Words that any text may hold."""

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*([._-][A-Za-z0-9]+)*|\d+")
# `password: shop`, `"password": "shop"`, `--requirepass shop`, `redis-cli -a shop`, `-pshop`.
_BEFORE = (
    r"(?P<before>(?P<name>[\w.-]+)[\"']?\s*[=:]\s*[\"']?|(?<!\S)(?P<option>--[\w-]+)\s+|(?<=\s)-[ap] ?|://[^\s/:@]*:)"
)

_spared: set[str] = set()


def spare(words: Iterable[str]) -> None:
    """Count more words as ordinary: the names of services and images, which stand everywhere."""
    _spared.update(each for each in words if _WORD.fullmatch(each) and not secret_values.is_random(each))


def forget() -> None:
    """Count only those as ordinary that are so in every project."""
    _spared.clear()


def is_ordinary(text: str, spared: Collection[str] = ()) -> bool:
    """Whether a secret is a word that stands in other places, too, and means something else there."""
    return text in spared or text in _spared or bool(_ORDINARY.fullmatch(text))


def hide(text: str, words: Iterable[str]) -> str:
    """A text with a mask in the place of each ordinary secret that stands behind a name which says that it is one."""
    present = [each for each in words if each in text]
    if not present:
        return text
    each = "|".join(map(re.escape, sorted(present, key=len, reverse=True)))
    return re.sub(rf"{_BEFORE}(?:{each})(?![\w-])", _masked, text)


def _masked(match: re.Match[str]) -> str:
    name = match["name"] or match["option"]
    if name is not None and not secret_names.ends_in_secret(name):
        return match[0]
    return match["before"] + MASK


def masked(text: str, secrets: Iterable[str]) -> str:
    """A text with a mask over every secret: an ordinary word only as a value, any other wherever it stands."""
    every = list(secrets)
    words = [each for each in every if is_ordinary(each)]
    return hide(secret.masked(text, [each for each in every if each not in words]), words)


def masked_value(name: str, value: str, secrets: Iterable[str]) -> str:
    """The same for the value of a variable: one that is nothing but an ordinary secret is that, unless it names."""
    if not secret_names.is_naming(name) and any(value == each and is_ordinary(each) for each in secrets):
        return MASK
    return masked(value, secrets)


def words(model: Mapping[str, Any]) -> Iterator[str]:
    """What a merged compose model names: services, images, volumes, networks, paths, users and databases."""
    yield str(model.get("name", ""))
    for kind in ("services", "volumes", "networks", "configs", "secrets"):
        yield from map(str, model.get(kind) or ())
    for service in (model.get("services") or {}).values():
        texts = [service.get(key) for key in ("image", "container_name", "hostname", "user", "working_dir")]
        texts += [each.get(key) for each in _mappings(service.get("volumes")) for key in ("source", "target")]
        texts += [each.get(key) for each in _mappings(service.get("ports")) for key in ("published", "target")]
        yield from (part for text in texts if text for part in re.split(r"[/:@\\]", str(text)) if part)
        environment = service.get("environment")
        for name, value in environment.items() if isinstance(environment, Mapping) else ():
            if value and secret_names.is_naming(str(name)):
                yield str(value)


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value or () if isinstance(each, Mapping)]
