"""What must be true of secrets, and of a stack that belongs to another folder."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

from tests.faults.scene import Scene


def hidden(scene: Scene) -> None:
    """The secret stands in no form in the output, and in no file of the state folder."""
    assert scene.result is not None
    bare = re.sub(r"(\x1b|\\u001b)\[[0-9;]*m", "", scene.result.said)
    for form in (scene.canary, quote(f"/{scene.canary}", safe=""), _base64(scene.canary)):
        assert form not in bare, f"the output holds {form}: {bare[-4000:]}"
    for path in scene.state.rglob("*"):
        # What the service itself wrote is its own, and for its owner only.
        if path.is_file() and not path.name.startswith("log") and path.suffix != ".pyc":
            assert scene.canary not in path.read_text("utf-8", "replace"), f"{path.name} holds the secret"


def _base64(text: str) -> str:
    return base64.b64encode(f"user:{text}".encode()).decode().rstrip("=")


def names_no_absolute_path(scene: Scene) -> None:
    """Files of the project are named by their path from its folder."""
    assert scene.result is not None
    assert str(scene.root) not in scene.result.said
