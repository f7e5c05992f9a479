"""The merged compose model, for people as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upready import report


def show(model: Mapping[str, Any], *, as_json: bool) -> int:
    """Print the model, which must hold no secret any more."""
    import yaml

    if as_json:
        report.document(model, quoted=True)
    else:
        report.say(yaml.safe_dump(dict(model), allow_unicode=True, sort_keys=False, width=4096).rstrip(), quoted=True)
    return 0
