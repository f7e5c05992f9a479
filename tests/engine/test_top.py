"""`invoke top` on a real engine: limits, restarts, an engine's own states, and no secret on the screen."""

from __future__ import annotations

import re
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is POSIX'", allow_module_level=True)

from tests.conftest import remove_project
from tests.engine.conftest import Project
from tests.terminal_driver import driven

pytestmark = pytest.mark.engine

SECRET = "hidden-51c0aa77be"
COMPOSE = """
services:
  talks:
    image: python:3.13-slim
    init: true
    environment: {TALKS_PASSWORD: "${TALKS_PASSWORD}"}
    command: [python, -uc, "import os, time\\nwhile True: print('said', os.environ['TALKS_PASSWORD']); time.sleep(.2)"]
    mem_limit: 64m
    x-ops: {stable: 0}
  ends:
    image: python:3.13-slim
    command: [python, -c, "raise SystemExit(3)"]
    restart: on-failure:2
"""


def test_limits_restarts_and_causes(project: Project) -> None:
    project.write("compose.yaml", COMPOSE)
    project.write(".env", f"TALKS_PASSWORD={SECRET}\n")
    try:
        assert project.invoke("dev", "--timeout", "120").code in (6, 7)
        with driven(project.command("top"), project.root, project.variables(), 110, 24) as driver:
            driver.until(
                lambda screen: re.search(r"^talks +ready +0 +\d+\.\d % .* MB +\d+ % ", screen.text, re.MULTILINE)
            )
            driver.until(lambda screen: re.search(r"^ends +exited +2 .*exited with code 3", screen.text, re.MULTILINE))
            driver.until("said ********")
            driver.type("d")
            driver.until("and wrote nothing to its log")
            driver.type("qq")
            assert driver.end() == 0
            driver.restored()
            assert SECRET.encode() not in driver.sent
    finally:
        remove_project(project.name)
