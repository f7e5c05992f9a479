"""Make the README's pictures from real runs: `uv run python docs/pictures.py`, with a Docker Engine.

The stack is started in a clone of this checkout, under a project name and ports of its own, and removed at the end.
`tests/engine/test_readme.py` runs the same tasks and holds the words of the pictures to what they say.
"""

from __future__ import annotations

import contextlib
import html
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures"
WIDTH = 100
INVOKE = Path(sys.executable).with_name("invoke.exe" if sys.platform == "win32" else "invoke")
NAME = "ba-copilot-ai-"
"""How the project is called in a picture, and six digits behind it."""

VIEWS = {
    "dev": ["dev"],
    "health": ["health"],
    "status": ["status"],
    "diagnose": ["diagnose", "mcp-server"],
    "logs": ["logs", "--grep", "ready|startup"],
    "env-check": ["env.check"],
}
"""The pictures, by name, in the order in which they are taken."""

LIVE = "top"
"""The picture of the live screen: what stands on a terminal of `LINES` lines a few seconds after its start."""

LINES = 24
SETTLED = 12.0
"""Seconds until there are figures and a history."""


def run(folder: Path, *words: str, columns: int = WIDTH, environment: Mapping[str, str] = os.environ) -> str:
    """What a task prints on a terminal, with its colours."""
    env = {**environment, "COLUMNS": str(columns), "FORCE_COLOR": "1", "OPS_CALLED_AS": "./invoke"}
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


def screen(folder: Path, environment: Mapping[str, str] = os.environ) -> str:
    """What `invoke top` shows at a terminal; POSIX only."""
    import fcntl
    import pty
    import select
    import struct
    import termios

    outer, inner = pty.openpty()
    fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, WIDTH, 0, 0))
    env = {**environment, "TERM": "xterm-256color", "LANG": "C.UTF-8", "OPS_CALLED_AS": "./invoke"}
    words = [str(INVOKE), LIVE]
    with subprocess.Popen(words, cwd=folder, env=env, stdin=inner, stdout=inner, stderr=inner) as process:
        os.close(inner)
        shown, end = b"", time.monotonic() + SETTLED
        while time.monotonic() < end or shown.count(b"\x1b[H") < 4:
            if select.select([outer], [], [], 0.1)[0]:
                shown += os.read(outer, 65536)
        os.write(outer, b"q")
        while process.poll() is None:
            with contextlib.suppress(OSError):
                os.read(outer, 65536)
    os.close(outer)
    # Each picture begins at the upper left corner; the last one may not be whole.
    return shown.split(b"\x1b[H")[-2].decode().replace("\r\n", "\n")


def draw(name: str, shown: str, columns: int = WIDTH) -> str:
    """A terminal with a view in it, as SVG."""
    typed = "./invoke " + " ".join(f'"{word}"' if "|" in word else word for word in VIEWS.get(name, [name]))
    shown = shown if name == LIVE else f"$ {typed}\n{shown.rstrip()}"
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=columns, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.from_ansi(shown), soft_wrap=False)
        return console.export_svg(title=typed, unique_id="picture")


def words(svg: str) -> list[str]:
    """The lines of text in a picture."""
    rows: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in re.findall(r'<text class="picture-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>', svg):
        rows.setdefault(float(y), []).append((float(x), html.unescape(text).replace("\xa0", " ")))
    pieces = (sorted(rows[y]) for y in sorted(rows))
    # What stands in two columns is told apart by two spaces at least, as on the terminal.
    return ["  ".join(text.strip() for _, text in row if text.strip()) for row in pieces]


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary, NAME.strip("-"))
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environment = {**os.environ, "OPS_STATE_DIR": str(Path(temporary, "state"))}
        try:
            print(run(clone, "env.init", "--no-ask", "--isolated", environment=environment))
            for name, view in VIEWS.items():
                shown = run(clone, *view, environment=environment)
                print(shown)
                (FOLDER / f"{name}.svg").write_text(draw(name, shown), encoding="utf-8")
            (FOLDER / f"{LIVE}.svg").write_text(draw(LIVE, screen(clone, environment)), encoding="utf-8")
        finally:
            run(clone, "stop", "--volumes", "--yes", environment=environment)


if __name__ == "__main__":
    main()
