"""Whole stacks: this project's own, foreign ones, and every key that compose has; and the task as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.engine.case import STACKS, merged
from tests.unit.conftest import STEERING
from tests.unit.kubernetes.objects import Objects, read
from upready.operations import export
from upready.stack.settings import Environment, Settings
from upready.support import places

pytestmark = pytest.mark.costly

SECRETS = {
    "API_KEYS": "default:tHisIsAKeyThatNobodyMayEverRead0123456789",
    "OPENROUTER_API_KEY": "sk-or-v1-5f1c9e7d3b2a4860",
    "POSTGRES_PASSWORD": "Zq8sKj2mNn4pRr6tVv8xYy0z",
    "POSTGRES_API_PASSWORD": "Mm1nBb3vCc5xZz7aSs9dFf1g",
}

KNOWN = {
    **{"PASSED": "passed", "TOKEN": "s3cr3t-token-1", "PROJECT": "shop", "OUTER": "outer", "DISK": "/dev/vda"},
    **{"PLATFORM": "linux/amd64", "PORT_1": "8101", "PORT_2": "8102", "PORT_3": "8103", "PORTS": "8110-8119"},
    **{"PORT": "8104", "FROM_DOT_ENV": "x", "COMPOSE_PROFILES": "on"},
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The files of this project's stack, with secrets in `.env`."""
    for name in ("compose", "app", "docker", "tasks.py", "invoke.yaml", ".env.example", "Dockerfile"):
        (tmp_path / name).symlink_to(ROOT / name)
    text = "".join(f"{name}={value}\n" for name, value in {**SECRETS, "COMPOSE_PROJECT_NAME": "shop"}.items())
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    return tmp_path


def production(root: Path, **variables: str) -> Objects:
    """This project's stack for production; a cluster must take every object."""
    with (root / ".env").open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in variables.items())
    files = ("compose/base.yaml", "compose/prod.yaml")
    environment = Environment("prod", files, profiles=("full-stack",))
    return read(export.make(Settings(root, {"prod": environment}, {}), "prod", ()))


def test_production_of_this_project(own: Path) -> None:
    found = production(own)
    assert found.names("Deployment") == ["ai-service", "mcp-server"]
    assert found.names("StatefulSet") == ["db"]
    assert found.names("Ingress") == ["shop"]
    for name in ("ai-service", "mcp-server", "db"):
        context = found.container(name)["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert found.container(name)["resources"]["limits"].keys() == {"cpu", "memory"}
    everything = "\n".join([*export.texts(found.exported).values(), json.dumps(found.exported.as_dict())])
    assert not [name for name, value in SECRETS.items() if value in everything]
    assert found.exported.content.secrets["db-env"].keys() == {"DB_SETUP", "POSTGRES_PASSWORD"}


def test_production_that_only_this_machine_reaches_opens_nothing(own: Path) -> None:
    found = production(own, API_BIND="127.0.0.1")
    assert not found.names("Ingress")
    assert "LoadBalancer" not in found.text


def test_a_foreign_stack() -> None:
    root = ROOT / "tests/engine/foreign"
    found = read(export.make(Settings(root, {"dev": Environment("dev", ("compose.yaml",))}, {}), "dev", ()))
    assert found.names("Service") == ["sundial", "tower"], "the tower's port is this machine's only"
    assert found.container("tower")["readinessProbe"]["httpGet"]["port"] == 7000
    assert "scripts is of this machine" in found.lost["sundial", "volumes"]


@pytest.mark.costly
@pytest.mark.parametrize("stem", STACKS)
def test_every_key_of_compose(stem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stacks by which `invoke dev` is held to plain compose."""
    for name, value in KNOWN.items():
        monkeypatch.setenv(name, value)
    for name, text in {name: text for case in STACKS[stem] for name, text in case.files(later=False).items()}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / ".env").write_text("FROM_DOT_ENV=x\n", encoding="utf-8")
    content = merged([case.document(later=False) for case in STACKS[stem]])
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    found = read(export.make(Settings(tmp_path, {"dev": Environment("dev", ("compose.yaml",))}, {}), "dev", ()))
    assert KNOWN["TOKEN"] not in found.text
    unknown = [key for (_, key), why in found.lost.items() if "does not know" in why]
    assert unknown == []


def call(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    given = {name: text for name, text in os.environ.items() if name not in STEERING}
    return subprocess.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=root,
        env={**given, places.VARIABLE: str(root / "state"), "DOCKER_HOST": "tcp://127.0.0.1:1"},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        timeout=120,
    )


def test_a_stream_for_kubectl_and_the_list_beside_it(own: Path) -> None:
    (own / "tests").symlink_to(ROOT / "tests")
    done = call(own, "export", "kubernetes")
    assert done.returncode == 0, done.stderr
    kinds = {each["kind"] for each in yaml.safe_load_all(done.stdout)}
    assert {"Deployment", "StatefulSet", "Service", "Ingress", "NetworkPolicy"} == kinds
    assert "not a runtime" in done.stderr
    assert "deploy.resources.limits.pids" in done.stderr
    assert "--secrets | kubectl apply --namespace shop --server-side -f -" in done.stderr
    secrets = call(own, "export", "kubernetes", "--secrets")
    assert {each["kind"] for each in yaml.safe_load_all(secrets.stdout)} == {"Secret"}
    assert not [name for name, value in SECRETS.items() if value in done.stdout + done.stderr]


@pytest.mark.nightly
@pytest.mark.slow
def test_a_folder_is_written_again_and_nobody_s_file_with_it(own: Path) -> None:
    (own / "tests").symlink_to(ROOT / "tests")
    folder = own / "out"
    planned = call(own, "--dry", "export", "kubernetes", "--output", "out", "--json")
    assert json.loads(planned.stdout)["dry"] is True
    assert not folder.exists()
    done = call(own, "export", "kubernetes", "--output", "out", "--json")
    document = json.loads(done.stdout)
    assert sorted(map(str, folder.iterdir())) == sorted(str(own / each) for each in document["written"])
    assert document["lost"][0].keys() == {"service", "key", "why"}
    # One that is not needed any more goes, somebody's own stays.
    text = (folder / "service-db.yaml").read_text(encoding="utf-8")
    (folder / "service-gone.yaml").write_text(text, encoding="utf-8")
    (folder / "own.yaml").write_text("mine: 1\n", encoding="utf-8")
    assert call(own, "export", "kubernetes", "--output", "out").returncode == 0
    assert not (folder / "service-gone.yaml").exists()
    assert (folder / "own.yaml").read_text(encoding="utf-8") == "mine: 1\n"
    (folder / "service-db.yaml").write_text("mine: 2\n", encoding="utf-8")
    (folder / "README.md").unlink()
    refused = call(own, "export", "kubernetes", "--output", "out")
    assert refused.returncode == 2
    assert "service-db.yaml was not written by an export" in refused.stderr
    assert not (folder / "README.md").exists(), "nothing was written"


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["export", "kubernets"], "did you mean kubernetes?"),
        (["export", "kubernetes", "--secrets", "--output", "x"], "--secrets prints values, and writes no file"),
        (["export", "kubernetes", "--env", "nope"], "nope"),
    ],
)
def test_what_is_refused(own: Path, words: list[str], said: str) -> None:
    (own / "tests").symlink_to(ROOT / "tests")
    done = call(own, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "next: " in done.stderr
