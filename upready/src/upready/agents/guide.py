"""What an agent must know of the tasks, for the `AGENTS.md` of a project."""

from __future__ import annotations

from pathlib import Path


def text() -> str:
    """The text, as Markdown."""
    return Path(__file__).with_name("AGENTS.md").read_text("utf-8")
