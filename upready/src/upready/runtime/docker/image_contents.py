"""What an image does, whatever it is called: two of which it is the same are no change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def of(image: Mapping[str, Any] | None) -> tuple[Any, Any] | None:
    """The layers and the configuration of an image, without its labels; None where the image is gone."""
    if image is None:
        return None
    config = {key: value for key, value in (image.get("Config") or {}).items() if key != "Labels" and value}
    return (image.get("RootFS") or {}).get("Layers"), config
