"""Secrets that are ordinary words: `postgres`, `shop`, `6379`.

If they were masked everywhere, image names, paths and ports would be masked too, and the gaps would reveal them. So
they are masked only as a value, behind a name that says so. The check `weak-secret` says that they can be guessed.
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
"""Words that any text may contain."""

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
    """Forget the ordinary words of the project; only those of every project remain."""
    _spared.clear()


def is_ordinary(text: str, spared: Collection[str] = ()) -> bool:
    """Whether a secret is a word that also stands in other places, with another meaning."""
    return text in spared or text in _spared or bool(_ORDINARY.fullmatch(text))


def hide(text: str, words: Iterable[str]) -> str:
    """A text in which each ordinary secret is masked if it stands behind a name that says that it is secret."""
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
    """A text with every secret masked: an ordinary word only as a value, any other secret everywhere."""
    every = list(secrets)
    words = [each for each in every if is_ordinary(each)]
    return hide(secret.masked(text, [each for each in every if each not in words]), words)


def masked_value(name: str, value: str, secrets: Iterable[str]) -> str:
    """The same for the value of a variable: a value that is an ordinary secret is masked, unless it names something."""
    if not secret_names.is_naming(name) and any(value == each and is_ordinary(each) for each in secrets):
        return MASK
    return masked(value, secrets)


def words(model: Mapping[str, Any]) -> Iterator[str]:
    """The names in a merged compose model: of services, images, volumes, networks, paths, users and databases."""
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
