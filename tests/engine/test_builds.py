"""The images' builds: what is sent to the builder, and what an edit makes it do again."""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from docker.errors import ImageNotFound

from tests.engine.conftest import copy_project
from tests.engine.scene import Scene, connected
from upready.operations import build as operations
from upready.operations.cut_off import Brief
from upready.operations.launch_options import Options
from upready.runtime.docker import build as builds
from upready.runtime.docker.build import Progress
from upready.runtime.docker.build_names import Names
from upready.runtime.interface import silent
from upready.support.errors import BuildError

pytestmark = pytest.mark.engine

PAGE = "runtime 5/6 COPY --link --from=page /src/page/dist /app/page/dist"
SERVICE = "runtime 6/6 COPY --link --from=sources /app /app"


def build(context: Path, *arguments: str, output: str = "type=cacheonly") -> set[str]:
    """Build, and keep no image; gives the steps that were not taken from the cache, as they stand in the Dockerfile."""
    command = ["docker", "buildx", "build", "--progress=plain", f"--output={output}", *arguments, str(context)]
    done = subprocess.run(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    progress = Progress({"image": "Dockerfile"})
    for line in done.stderr.splitlines():
        progress.feed(line)
    ran = [step.title for step in progress.steps.values() if step.service and step.state == "done"]
    return {title for title in ran if title.split()[0] not in ("internal", "context") and " FROM " not in title}


def edit(file: Path, comment: str) -> None:
    with file.open("a", encoding="utf-8") as open_file:
        open_file.write(f"\n{comment} {uuid.uuid4()}\n")  # the builder knows those of earlier runs


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of which each image was built."""
    root = copy_project(tmp_path_factory.mktemp("clone"))
    build(root)
    for target in ("dev", "runtime"):
        build(root / "docker/mcp-server", f"--target={target}")
    return root


def test_what_a_build_made_is_known_whoever_has_its_name_since(play: Callable[..., Scene], project_name: str) -> None:
    """Two services under one image's name: what two checkouts of one project have at a time."""
    image, engine = f"{project_name}-image:prod", connected()
    entries = {name: {"build": {"context": ".", "args": {"WHOSE": name}}, "image": image} for name in ("one", "two")}
    dockerfile = b"FROM python:3.13-slim\nARG WHOSE\nRUN echo $WHOSE >/whose\n"
    merged = play(entries, files={"Dockerfile": dockerfile}).model
    own = {name: Names() for name in entries}
    try:
        for name, names in own.items():
            builds.run(merged, services=[name], names=names)
        ids = {name: names.ids(engine, [merged.service(name)])[name] for name, names in own.items()}
        assert ids["one"] != ids["two"] == (engine.image(image) or {})["Id"]
        engine.tag(ids["one"], kept := f"{project_name}-image:kept")
        for names in own.values():
            names.remove(engine)
        tags = [engine.client.api.inspect_image(each)["RepoTags"] for each in ids.values()]
        assert tags == [[kept], [image]]
    finally:
        for tag in ("kept", "prod"):
            with contextlib.suppress(ImageNotFound):
                engine.client.api.remove_image(f"{project_name}-image:{tag}")


def test_a_build_that_fails_leaves_no_name_of_its_own(play: Callable[..., Scene], project_name: str) -> None:
    """Of several images some are built and named before another one fails."""
    bad = {"context": ".", "dockerfile_inline": "FROM python:3.13-slim\nRUN sleep 3; exit 4\n"}
    good = {"context": ".", "dockerfile_inline": "FROM python:3.13-slim\nRUN true\n"}
    merged = play({"good": {"build": good}, "bad": {"build": bad}}).model
    engine, names = connected(), Names()
    with pytest.raises(BuildError, match="bad did not build") as caught:
        operations.provide(engine, merged, Options(), Brief(silent), names)
    assert caught.value.next.endswith("then: <the same command>")
    found = engine.client.api.images(filters={"reference": f"{project_name}*:building-*"})
    assert [tag for each in found for tag in each["RepoTags"]] == []


def test_an_edit_of_the_api_rebuilds_no_dependency(root: Path) -> None:
    edit(root / "app/main.py", "#")
    assert {title.partition(" --invalidation")[0] for title in build(root)} == {
        "sources 3/4 COPY app /app/app",
        "sources 4/4 RUN python -m compileall -q",
        SERVICE,
    }


@pytest.mark.nightly
def test_an_edit_of_the_page_installs_no_package(root: Path) -> None:
    edit(root / "page/src/page.mjs", "//")
    changed = {"page 8/9 COPY page/src src", "page 9/9 RUN node build.mjs"}
    # A comment changes nothing of what is built; and some engines lay the same again on top.
    assert changed <= build(root) <= changed | {PAGE, SERVICE}


def test_a_change_of_a_dependency_rebuilds_the_dependencies_alone(root: Path, tmp_path: Path) -> None:
    # In place of the stage that takes minutes to build, a folder of what it could have built.
    dependency = tmp_path / "opt/venv/dependency.py"
    dependency.parent.mkdir(parents=True)
    instead = f"--build-context=builder={tmp_path}"
    edit(dependency, "#")
    build(root, instead)
    edit(dependency, "#")
    dependencies = "runtime 4/6 COPY --link --from=builder /opt/venv /opt/venv"
    # Not every engine can leave a linked layer where it is; some lay the same one on top again.
    assert {dependencies} <= build(root, instead) <= {dependencies, PAGE, SERVICE}


def test_an_edit_of_the_mcp_server_bundles_no_mermaid(root: Path) -> None:
    context = root / "docker/mcp-server"
    edit(context / "src/log.mjs", "//")
    assert build(context, "--target=dev") == {"dev 3/3 COPY src src"}
    bundling = {"bundle 1/2 COPY src src", "bundle 2/2 RUN node build.mjs"}
    # The compiled code that lies beside the bundle is not the same twice.
    bundle = "runtime 2/2 COPY --link --from=bundle /app/dist /app/"
    assert bundling <= build(context, "--target=runtime") <= bundling | {bundle}


@pytest.mark.parametrize(
    ("context", "folders", "wanted"),
    [
        (
            ".",
            ["", "app", "app/migrations", "page", "page/src", "docker/mcp-server", "docker/mcp-server/pnpm"],
            {"app", "requirements", "page", "docker"},
        ),
        (
            "docker/mcp-server",
            ["", "src", "mermaid", "pnpm"],
            {"build.mjs", "install.mjs", "mermaid", "package.json", "pnpm", "pnpm-lock.yaml", "src"},
        ),
    ],
)
def test_nothing_secret_or_needless_is_sent(
    root: Path, tmp_path: Path, context: str, folders: list[str], wanted: set[str]
) -> None:
    planted = [".env", ".env.prod", ".npmrc", ".pytest_cache/x"]
    for name in (Path(folder, name) for folder in folders for name in planted):
        path = root / context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("SECRET=1\n", encoding="utf-8")
    everything = tmp_path / "Dockerfile"
    everything.write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
    sent = tmp_path / "sent"

    build(root / context, f"--file={everything}", output=f"type=local,dest={sent}")

    files = [each for each in sent.rglob("*") if each.is_file()]
    assert {each.relative_to(sent).parts[0] for each in files} == wanted
    assert not [each for each in files if {Path(name).parts[0] for name in planted} & set(each.parts)]
    assert sum(each.stat().st_size for each in files) < 10**6
