"""The package as users get it: its wheel, in an environment that knows nothing of this checkout, with an empty home."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT, remove_project, unique_name
from tests.engine.twins import CHECK

pytestmark = pytest.mark.engine

SERVER = """\
services:
  web:
    image: python:3.13-slim
    init: true
    command: [python, -m, http.server, "8000"]
    healthcheck:
      test: CHECK
      interval: 1s
      retries: 60
""".replace("CHECK", CHECK)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the programs of an environment into which only the wheel and the locks are installed."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("there is no uv")
    folder = tmp_path_factory.mktemp("wheel")
    environment, wheels = folder / "venv", folder / "wheels"
    install = [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(environment)]
    for line in (
        [uv, "build", "--quiet", "--wheel", "--offline", "--out-dir", str(wheels), str(ROOT / "upready")],
        [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(environment)],
        [*install, "--requirement", str(ROOT / "requirements" / "tasks.txt")],
    ):
        subprocess.run(line, check=True)
    subprocess.run([*install, "--offline", *map(str, wheels.glob("*.whl"))], check=True)
    return environment / ("Scripts" if os.name == "nt" else "bin")


class Foreign:
    """Somebody's project: a git repository, and the home folder of its user, which holds nothing."""

    def __init__(self, root: Path, home: Path, programs: Path) -> None:
        self.root, self.programs = root, programs
        self.name = unique_name(root.name)
        kept = {"DOCKER_HOST", "DOCKER_CONTEXT", "SYSTEMROOT", "TMPDIR", "TEMP"}
        self.environment = {name: value for name, value in os.environ.items() if name in kept}
        self.environment |= {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "PATH": f"{programs}{os.pathsep}{os.defpath}",
            "COMPOSE_PROJECT_NAME": self.name,
        }

    def write(self, files: Mapping[str, str]) -> None:
        """Write files and commit them."""
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text, encoding="utf-8")
        for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "one"]):
            self.git(*words)

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        return subprocess.run(
            ["git", *who, *words], cwd=self.root, check=True, capture_output=True, encoding="utf-8"
        ).stdout

    def run(self, program: str, *words: str, below: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in a folder of the project."""
        return subprocess.run(
            [self.programs / program, *words],
            cwd=self.root / below,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def goes(self, program: str, below: str = "") -> None:
        """Start, look, stop: the project's folder is as it was."""
        done = self.run(program, "dev", "--json", below=below)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["status"] == "healthy"
        for words in (["health"], ["stop", "--volumes", "--yes"]):
            done = self.run(program, *words, below=below)
            assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        assert self.git("status", "--porcelain", "--ignored") == ""


@pytest.fixture
def foreign(tmp_path: Path, programs: Path) -> Iterator[Foreign]:
    (tmp_path / "shop").mkdir()
    (tmp_path / "home").mkdir()
    project = Foreign(tmp_path / "shop", tmp_path / "home", programs)
    yield project
    remove_project(project.name)


def test_upready_from_a_subfolder_with_nothing_but_a_compose_file(foreign: Foreign) -> None:
    foreign.write({"docker-compose.yml": SERVER, "src/deep/main.py": ""})
    foreign.goes("upready", below="src/deep")
    code = "import upready, sys; sys.stdout.write(upready.__file__)"
    said = foreign.run("python", "-c", code).stdout
    assert Path(said).is_relative_to(foreign.programs.parent)


def test_invoke_beside_a_package_of_tasks_and_one_called_ops(foreign: Foreign) -> None:
    foreign.write(
        {
            "compose.yaml": SERVER,
            "ops/__init__.py": "WORD = 'hello'\n",
            "tasks/__init__.py": "from upready.tasks import ns\n\nfrom . import docker\n\nns.add_task(docker.greet)\n",
            # By the name of a library that upready needs: invoke puts this folder first on the path.
            "tasks/docker.py": "import sys\nfrom pathlib import Path\n\n"
            "sys.path.append(str(Path(__file__).parents[1]))\nimport ops\n"
            "from invoke import task\n\n\n@task\ndef greet(c):\n    print(ops.WORD)\n",
        }
    )
    assert foreign.run("invoke", "greet").stdout == "hello\n"
    foreign.goes("invoke")


@pytest.mark.nightly
def test_upready_beside_a_tasks_py_of_the_users_and_files_named_in_dotenv(foreign: Foreign) -> None:
    foreign.write(
        {
            "stack/base.yaml": SERVER.replace("image: python:3.13-slim", "build: {context: ..}"),
            "stack/over.yaml": "services: {web: {environment: {MADE: over}}}\n",
            "Dockerfile": "FROM python:3.13-slim\nWORKDIR /srv\n",
            ".env": "COMPOSE_FILE=stack/base.yaml:stack/over.yaml\nCOMPOSE_PATH_SEPARATOR=:\n",
            "tasks.py": "from invoke import task\n\n\n@task\ndef dev(c):\n    print('mine')\n",
        }
    )
    assert foreign.run("invoke", "dev").stdout == "mine\n"
    assert "MADE: over" in foreign.run("upready", "config").stdout
    foreign.goes("upready")
