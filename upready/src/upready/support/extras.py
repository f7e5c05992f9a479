"""How an extra of this package is installed: `upready[native]`, `upready[ssh]`."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path


def command(extra: str) -> str:
    """The command that installs an extra where this process runs.

    Args:
        extra: Its name; a project that has the package as a part of itself has a dependency group of this name.

    Returns:
        One line: `uv sync --group native` in such a project, `uv add` in another project of uv's, a call by `uvx`
        where uv made a passing environment, else `pip install`.
    """
    package = f'"upready[{extra}]"'
    project = Path(sys.prefix).parent
    if (project / "uv.lock").is_file():
        return f"uv sync --group {extra}" if extra in _groups(project) else f"uv add --dev {package}"
    if os.environ.get("UV"):
        return f"uvx --from {package} upready {' '.join(sys.argv[1:2])}".rstrip()
    return f"pip install {package}"


def _groups(project: Path) -> dict[str, object]:
    try:
        groups = tomllib.loads((project / "pyproject.toml").read_text("utf-8")).get("dependency-groups", {})
    except (OSError, ValueError):
        return {}
    return groups if isinstance(groups, dict) else {}
