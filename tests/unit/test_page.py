"""The page draws with the very Mermaid that the validator judges by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


def mermaid(folder: str) -> dict[str, str]:
    """Mermaid and all that it needs, in a folder's lock: each package's hash, by name and version."""
    lock: dict[str, Any] = yaml.safe_load((ROOT / folder / "pnpm-lock.yaml").read_text(encoding="utf-8"))
    version = lock["importers"]["."]["dependencies"]["mermaid"]["version"]
    found: dict[str, str] = {}
    left = [f"mermaid@{version}"]
    while left:
        name = left.pop()
        if name in found:
            continue
        found[name] = lock["packages"][name.partition("(")[0]]["resolution"]["integrity"]
        needs = lock["snapshots"][name]
        for group in ("dependencies", "optionalDependencies"):
            left += [f"{each}@{exact}" for each, exact in needs.get(group, {}).items()]
    return found


def test_both_locks_name_the_same_mermaid() -> None:
    assert mermaid("page") == mermaid("docker/mcp-server")
    assert len(mermaid("page")) > 50
