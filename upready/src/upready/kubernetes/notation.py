"""Kubernetes objects as YAML, the same text for the same objects."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from upready.kubernetes.subject import Manifest

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9 ./_-]*[A-Za-z0-9/]")
"""Texts that no reader of YAML, of whatever version, takes for anything but a text; all others are quoted."""

_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))


def of(manifests: Iterable[Manifest]) -> str:
    """The objects as one stream of documents."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        style = "|" if "\n" in value else None if plain else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return "".join(
        "---\n" + yaml.dump(each, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=4096) for each in manifests
    )
