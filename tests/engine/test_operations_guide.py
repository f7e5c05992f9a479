"""docs/operations.md, followed word by word by somebody who runs the stack on a server: what it says happens."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests import readme
from tests.conftest import remove_project, unique_name
from tests.readme import Newcomer
from upready.support import platform

pytestmark = [
    pytest.mark.engine,
    pytest.mark.nightly,
    pytest.mark.timeout(1800),  # two dozen tasks, one after the other
    pytest.mark.skipif(platform.WINDOWS, reason="a server with a POSIX shell"),
    pytest.mark.skipif(not shutil.which("uv"), reason="there is no uv"),
]

DIAGRAM = {"title": "Order", "code": "flowchart LR\n  shop --> warehouse"}


class Operator(Newcomer):
    """Somebody who runs the stack, and has a key of its API."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['API_PORT']}"

    @property
    def keys(self) -> str:
        """The API keys, as `.env` has them."""
        found = re.search(r"^API_KEYS=(.*)$", (self.clone / ".env").read_text("utf-8"), re.MULTILINE)
        assert found
        return found[1].strip("'\"")

    def call(self, path: str, key: str | None = None, **sent: object) -> httpx.Response:
        """Call the API with the first key, or with another."""
        headers = {"Authorization": f"Bearer {key or self.keys.split(',')[0].split(':')[1]}"}
        method = "POST" if sent else "GET"
        return httpx.request(method, f"{self.url}{path}", headers=headers, json=sent or None, timeout=60)

    def commit(self, file: str, old: str, new: str) -> None:
        """Change a file, as a `git pull` would."""
        path: Path = self.clone / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        self.ok(
            f"git -c user.name=T -c user.email=t@example.invalid -c commit.gpgsign=false commit -qam 'Change {file}'"
        )


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Operator]:
    name = unique_name("guide")
    own = {
        "COMPOSE_PROJECT_NAME": name,
        **{port: str(free_port()) for port in readme.PORTS},
        "API_BIND": "127.0.0.1",
        "CPU_LIMIT": str(min(2, os.cpu_count() or 1)),
    }
    user = readme.newcomer(tmp_path_factory.mktemp("guide"), {**os.environ, **own})
    yield Operator(user.clone, user.environment)
    remove_project(name)


@pytest.fixture(scope="module")
def guide(operator: Operator) -> str:
    return (operator.clone / "docs" / "operations.md").read_text("utf-8")


def typed(guide: str, heading: str) -> list[str]:
    """The commands of the first block below a heading, without their comments."""
    block = guide.partition(f"\n## {heading}\n")[2].partition("```sh\n")[2].partition("```")[0]
    return [line.partition("  #")[0].partition(" # ")[0].strip() for line in block.splitlines() if line.strip()]


def test_from_the_first_start_to_a_rotated_key(operator: Operator, guide: str) -> None:
    assert typed(guide, "The first start")[0].startswith("git clone")
    doctor, *first = typed(guide, "The first start")[1:]
    assert operator.type(doctor).returncode in (0, 4)  # of a machine that is too small for it, too
    assert first[0] == "uv run invoke env.init --env prod"
    for line in first:
        asked = operator.type(line)
        if "env.check" in line and asked.returncode == 3:
            # What only the operator knows is asked on a terminal. There is none here: the check says what to type.
            fix = re.search(r"fix: .*(uv run invoke env.set OPENROUTER_API_KEY)$", asked.stdout, re.MULTILINE)
            assert fix
            operator.ok(f"printf %s sk-or-v1-0123456789abcdef0123456789abcdef | {fix[1]}")
            asked = operator.type(line)
        assert asked.returncode == 0, f"{line}: {asked.stdout}{asked.stderr}"
    assert operator.call("/api/v1/diagrams", **DIAGRAM).status_code == 201
    assert httpx.get(f"{operator.url}/api/v1/diagrams").status_code == 401

    # It broke: what is asked then answers.
    rows = guide.partition("## It broke\n")[2].partition("\n\nEach takes")[0]
    asked_for = re.findall(r"^\| `(invoke [^`]+)`", rows, re.MULTILINE)
    assert len(asked_for) == 5
    for line in asked_for:
        done = operator.type(f"uv run {line} --json")
        assert done.returncode in ((0, 4) if "doctor" in line else (0,)), f"{line}: {done.stdout}{done.stderr}"

    # A change: `git pull && uv run invoke prod`, whose first half another checkout has done.
    change = "uv run invoke prod"
    assert f"`git pull && {change}`" in guide
    operator.commit("app/problems.py", '"""', '"""Changed. ')
    before = operator.ok("docker ps --quiet --filter name=$COMPOSE_PROJECT_NAME-db-1")
    operator.ok(change)
    assert operator.ok("docker ps --quiet --filter name=$COMPOSE_PROJECT_NAME-db-1") == before
    assert operator.call("/api/v1/diagrams").json()["items"][0]["title"] == "Order"

    # A sick one gets no request, and one further back is there.
    operator.commit("app/serve.py", "import annotations", "import annotations\nraise SystemExit('sick')")
    sick = operator.type(change)
    assert sick.returncode == 8, sick.stdout + sick.stderr
    assert operator.call("/api/v1/diagrams").status_code == 200
    operator.ok("git -c advice.detachedHead=false checkout -q HEAD~1")
    states = [each["state"] for each in json.loads(operator.ok("uv run invoke releases --json"))["releases"]]
    assert sorted(states) == ["current", "failed", "previous"]
    operator.ok("uv run invoke rollback")
    assert operator.call("/api/v1/diagrams").json()["items"][0]["title"] == "Order"
    operator.ok(change)

    # Another key, and the first one taken away.
    make, give, release = typed(guide, "What is open to whom")
    assert (give, release) == ("uv run invoke env.set API_KEYS", change)
    old = operator.keys
    fresh = operator.ok(make).strip()
    assert fresh.endswith(":read")
    operator.ok(f"printf %s '{old},{fresh}' | {give}")
    operator.ok(release)
    reader = fresh.split(":")[1]
    assert operator.call("/api/v1/diagrams", reader).status_code == 200
    assert operator.call("/api/v1/diagrams", reader, **DIAGRAM).status_code == 403
    operator.ok(f"printf %s '{fresh}' | {give}")
    operator.ok(release)
    assert operator.call("/api/v1/diagrams", old.split(":")[1]).status_code == 401
    assert operator.call("/api/v1/diagrams", reader).status_code == 200

    # The data, there and back.
    back_up, prove, restore, _ = typed(guide, "The data")
    operator.ok(back_up)
    proven = operator.ok(prove)
    assert "all of it came back" in proven
    assert "ba_copilot diagrams: 1\n" in proven
    operator.ok(f"{restore} --yes")
    assert operator.call("/api/v1/diagrams", reader).json()["items"][0]["title"] == "Order"
