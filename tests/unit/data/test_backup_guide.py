"""The timer and the cron line of docs/backup.md work as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

GUIDE = (ROOT / "docs" / "backup.md").read_text("utf-8")
PROGRAM = "/srv/shop/invoke"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


def program(folder: Path) -> Path:
    """A program in the place of the guide's that writes down how it was called."""
    made = folder / "invoke"
    made.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", "utf-8")
    made.chmod(0o755)
    return made


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    service, timer = blocks("ini")
    (tmp_path / "shop-backup.service").write_text(service.replace(PROGRAM, str(program(tmp_path))), "utf-8")
    (tmp_path / "shop-backup.timer").write_text(timer, "utf-8")
    # Docker's own unit need not be on the machine of the tests.
    (tmp_path / "docker.service").write_text("[Service]\nExecStart=/bin/true\n", "utf-8")
    units = [str(tmp_path / f"shop-backup.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, encoding="utf-8")
    said = [line for line in done.stderr.splitlines() if "shop-backup" in line]
    assert (done.returncode, said) == (0, []), done.stderr
    calendar = re.search(r"OnCalendar=(.+)", timer)
    assert calendar
    line = ["systemd-analyze", "calendar", calendar[1]]
    assert subprocess.run(line, capture_output=True).returncode == 0


def test_cron_runs_the_line(tmp_path: Path) -> None:
    [line] = blocks("cron")
    times, command = line.split(None, 5)[:5], line.split(None, 5)[5]
    assert all(re.fullmatch(r"[\d*,/-]+", each) for each in times)
    assert "%" not in command  # cron would end the line there
    out = tmp_path / "said"
    command = command.replace(PROGRAM, str(program(tmp_path))).replace("/var/tmp/shop-backup.json", str(out))
    environment = {"HOME": str(tmp_path), "LOGNAME": "ann", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
    subprocess.run(["/bin/sh", "-c", command], env=environment, cwd=tmp_path, check=True)
    words = ["backup", "--output", "/mnt/backups/", "--keep-daily", "7", "--keep-weekly", "4", "--json"]
    assert out.read_text("utf-8").split() == words
