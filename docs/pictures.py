"""Make the README's pictures from real runs: `uv run python docs/pictures.py`, with a Docker Engine.

The stack is started in a clone of this checkout, under a project name and ports of its own, and removed at the end.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures"
WIDTH = 100
INVOKE = Path(sys.executable).with_name("invoke.exe" if sys.platform == "win32" else "invoke")

VIEWS = {
    "dev": ["dev"],
    "health": ["health"],
    "status": ["status"],
    "diagnose": ["diagnose", "db"],
    "logs": ["logs", "--tail", "12"],
    "env-check": ["env.check"],
}
"""The pictures, by name, in the order in which they are taken."""


def run(folder: Path, *words: str) -> str:
    """What a task prints, with its colours."""
    env = {**os.environ, "COLUMNS": str(WIDTH), "FORCE_COLOR": "1", "OPS_STATE_DIR": str(folder.parent / "state")}
    done = subprocess.run(
        [str(INVOKE), *words],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    # Of a live view, what stands there at its end.
    last = (done.stdout + done.stderr).rpartition("\x1b[?25h")[2]
    return re.sub(r"\x1b\[\d*[AK]", "", last)


def draw(title: str, shown: str) -> str:
    """A terminal with some output in it, as SVG."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.from_ansi(f"$ {title}\n{shown.rstrip()}"), soft_wrap=False)
        return console.export_svg(title=title, unique_id="picture")


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary, "ba-copilot-ai")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        try:
            print(run(clone, "env.init", "--no-ask", "--isolated"))
            for name, words in VIEWS.items():
                shown = run(clone, *words)
                print(shown)
                (FOLDER / f"{name}.svg").write_text(draw(f"./invoke {' '.join(words)}", shown), encoding="utf-8")
        finally:
            run(clone, "stop", "--volumes", "--yes")


if __name__ == "__main__":
    main()
