"""All of `bench/` in one go, or some of it: `invoke bench`, or `python -m bench`.

Each module is a process of its own, one after the other, and hands over its figures as JSON. What is measured again
takes the place of what was measured before; the rest of the file stays, with the machine and the day that it is of.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import machine, pages
from bench.parts import NAMES

ROOT = Path(__file__).resolve().parent.parent

FILE = "bench.json"


def main() -> int:
    """Run them, and write what they found; 1 when a goal is missed or one of them failed, 2 for a wrong name."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--output", type=Path, metavar="DIR")
    options = parser.parse_args()
    # What a quick run finds never takes the place of what was measured well.
    options.output = options.output or ROOT / ("bench/quick" if options.quick else "docs/bench")
    wanted = [each for each in NAMES if each in options.only or not options.only]
    document = read(options.output / FILE)
    for name in wanted:
        document["benches"][name] = measured(name, quick=options.quick)
        write(document, options.output)  # what has been measured stays, whatever comes later
    report(document, wanted, options.output, as_json=options.json)
    return int(any(not good(document["benches"][name]) for name in wanted))


def measured(name: str, *, quick: bool) -> dict[str, Any]:
    """Run one module: its figures, and what they are of."""
    print(f"── {name}: {NAMES[name]}", file=sys.stderr, flush=True)
    before, began = machine.about(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "figures.json")
        line = [sys.executable, "-m", f"bench.{name}", "--json", str(file), *(["--quick"] if quick else [])]
        # Its table is for people; where our stdout is JSON, nothing else may stand there.
        code = subprocess.run(line, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode
        figures = json.loads(file.read_text("utf-8")) if file.exists() else []
    return {
        "about": NAMES[name],
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "seconds": round(time.monotonic() - began, 1),
        "code": code,
        "machine": before,
        "figures": figures,
    }


def good(entry: dict[str, Any]) -> bool:
    """Whether a module ended well: every goal met, or nothing measured because this machine lacks what it needs."""
    return entry["code"] in (0, 4)


def read(file: Path) -> dict[str, Any]:
    """What was measured before."""
    try:
        found = json.loads(file.read_text("utf-8"))
        return {"benches": {name: found["benches"][name] for name in NAMES if name in found["benches"]}}
    except (OSError, ValueError, KeyError, TypeError):
        return {"benches": {}}


def write(document: dict[str, Any], folder: Path) -> None:
    """Write the JSON, the page and the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    document["benches"] = {name: document["benches"][name] for name in NAMES if name in document["benches"]}
    (folder / FILE).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for old in [*folder.glob("ratios-*.svg"), *folder.glob("growth-*.svg")]:
        old.unlink()
    for name, text in pages.make(document).items():
        (folder / name).write_text(text, encoding="utf-8")


def report(document: dict[str, Any], wanted: list[str], folder: Path, *, as_json: bool) -> None:
    """Say what came of it, on stdout."""
    if as_json:
        print(json.dumps({"benches": {name: document["benches"][name] for name in wanted}}, ensure_ascii=False))
        return
    for name in wanted:
        entry = document["benches"][name]
        missed = sum(each["met"] is False for each in entry["figures"])
        better = sum(peer["better"] for each in entry["figures"] for peer in each["peers"])
        end = {0: "", 1: "", 4: ", not measured here"}.get(entry["code"], f", ended with {entry['code']}")
        print(
            f"{name:10}{len(entry['figures']):4} figures, {missed} goals missed, another is better {better} times"
            f"{end} ({entry['seconds']:.0f} s)"
        )
    print(f"written to {os.path.relpath(folder)}: README.md, {FILE} and the pictures")


if __name__ == "__main__":
    sys.exit(main())
