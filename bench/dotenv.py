"""How long `invoke env.check` takes, as a whole process: `uv run python -m bench.dotenv`.

Projects with a schema, a compose file and a `.env`, each of 5 and of 500 variables, in turn, in shapes that are dear in
different places; and of 5 to 5,000 in the plain shape, in turn with `docker compose config`, which reads the same
files. Needs no engine. The goals are those of the plain shape; the others are to stay near.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import harness
from bench.figure import Figure
from upready.stack import compose

ROOT = Path(__file__).resolve().parent.parent
SIZES = (5, 500)
GROWTH = (5, 50, 500, 5000)
RUNS = 15
GOAL_RATIO = 1.2
GOAL_SECONDS = 0.4

SHAPES: dict[str, Callable[[str], tuple[str, str]]] = {
    "plain": lambda name: (f"${{{name}:-none}}", f"{name}='value of {name}'"),
    "a default within a default": lambda name: (f"${{{name}:-${{OTHER_{name}:-none}}}}", f"{name}=value"),
    "each refers to another": lambda name: (f"${{{name}:-none}}", f"{name}=${{HOME}}/{name}"),
    "every name mistyped": lambda name: (f"${{{name}:-none}}", f"{name.replace('RI', 'IR')}=value"),
}
"""For a variable: how its compose file uses it, and its line in `.env`."""


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    return harness.run(__doc__, measure)


def measure(options: harness.Options) -> Iterator[Figure]:
    """The growth of the plain shape, beside compose; then each shape."""
    runs = 2 if options.quick else RUNS
    with tempfile.TemporaryDirectory() as folder:
        for size in GROWTH[: 3 if options.quick else None]:
            project = write_project(Path(folder) / f"plain-{size}", size, "plain")
            read = [*compose.program().command, "-f", "compose.yaml", "config", "--quiet"]
            ways = {
                "ours": lambda project=project: check(project),
                "compose config --quiet": lambda project=project, read=read: harness.seconds(read, project),
            }
            yield harness.ours("env.check", "s", harness.in_turn(ways, runs), size=size, sizes="variables")
    for shape in SHAPES:
        took = by_size(shape, runs)
        small, large = (took[size] for size in SIZES)
        # Of two runs side by side, which the machine treats alike, the middle; of seconds the quickest run, for what
        # others do on the machine at the same time only ever adds.
        what = f"env.check, {SIZES[-1]} variables, {shape}"
        goals = (GOAL_RATIO, GOAL_SECONDS) if shape == "plain" else (None, None)
        yield Figure(what, "s", large, {f"{SIZES[0]} variables": small}, ratio_goal=goals[0], own=True)
        yield Figure(f"{what}: the quickest run", "s", [min(large)], goal=goals[1])


def by_size(shape: str, runs: int) -> dict[int, list[float]]:
    """Seconds of each run, by size; sizes take turns, so that both see the same machine."""
    with tempfile.TemporaryDirectory() as folder:
        projects = {size: write_project(Path(folder) / str(size), size, shape) for size in SIZES}
        took: dict[int, list[float]] = {size: [] for size in SIZES}
        for run in range(runs + 1):
            for size, project in projects.items():
                seconds = check(project)
                # The first run of each compiles and fills the caches.
                if run:
                    took[size].append(seconds)
    return took


def write_project(folder: Path, size: int, shape: str) -> Path:
    """A project of that many variables, all declared, typed, used and set."""
    folder.mkdir()
    names = [f"VARIABLE_{number}" for number in range(size)]
    lines = {name: SHAPES[shape](name) for name in names}
    (folder / "tasks.py").write_text("from upready.tasks import ns\n", encoding="utf-8")
    (folder / "invoke.yaml").write_text("ops: {environments: {dev: {files: [compose.yaml]}}}\n", encoding="utf-8")
    used = "".join(f"      {name}: {use}\n" for name, (use, _) in lines.items())
    (folder / "compose.yaml").write_text(
        f"services:\n  app:\n    image: app\n    environment:\n{used}", encoding="utf-8"
    )
    schema = "".join(f"# What {name} is for.\n# @type=string(minLength=1)\n{name}=default\n\n" for name in names)
    (folder / ".env.example").write_text(schema, encoding="utf-8")
    (folder / ".env").write_text("".join(f"{line}\n" for _, line in lines.values()), encoding="utf-8")
    (folder / ".env").chmod(0o600)
    return folder


def check(project: Path) -> float:
    """Seconds that one `invoke env.check` takes there."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "env.check"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
