"""A hook of compose that failed: which one, what it said, and where it is written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import NotFound

from tests.unit.diagnosis.cases import replica, told
from upready.diagnosis.rules import hook
from upready.runtime.docker.engine import Engine
from upready.stack.compose_failure import Failure

WORDS = "the pre_start hook of web exited with code 3"


class Kept:
    """The containers of an engine that has kept the one of a hook, with its log."""

    def __init__(self, log: bytes | None) -> None:
        self.log = log
        self.tail: object = None

    def get(self, name: str) -> Kept:
        if self.log is None or name != "hook1":
            raise NotFound("no such container")
        return self

    def logs(self, *, tail: object = "all") -> bytes:
        self.tail = tail
        return self.log or b""


def failed(kept: Kept | None = None, kind: Any = "pre_start", **given: Any) -> tuple[tuple[str, str, str], list[str]]:
    """What is said of a service whose hook failed, and the lines that prove it."""
    known = {"message": WORDS, "container": "hook1", **given.pop("failure", {})}
    client: Any = SimpleNamespace(containers=kept, api=SimpleNamespace(base_url="http+docker://localhost"))
    engine = Engine(client) if kept else None
    found = hook.find(replica(engine=engine, failure=Failure(kind, **known), **{"state": "created", **given}))
    assert found is not None
    return told(found), list(found.evidence)


def test_what_compose_told_of_a_hook() -> None:
    output = ("one", "two", "no ledger")
    said, lines = failed(failure={"message": f"{WORDS}: no ledger", "output": output})
    step = "correct pre_start: in the compose entry of web, then: invoke dev"
    assert said == ("", f"was not started: {WORDS}: no ledger", step)
    assert lines == ["one", "two"]


def test_one_whose_container_runs_is_said_to() -> None:
    said, _ = failed(kind="post_start", state="running")
    step = "correct post_start: in the compose entry of web, then: invoke dev"
    assert said == ("", f"runs, but {WORDS}", step)


@pytest.mark.parametrize(("kind", "line"), [("post_start", 5), ("pre_start", 3)])
def test_the_place_of_the_hook_is_told(tmp_path: Path, kind: str, line: int) -> None:
    compose = "services:\n  web:\n    pre_start:\n      - command: a\n    post_start:\n      - command: b\n"
    said, _ = failed(kind=kind, root=tmp_path, compose=compose)
    assert said[2] == f"correct {kind}: in compose.yaml:{line + 1}, then: invoke dev"


def test_what_compose_did_not_tell_stands_in_the_log_of_the_hooks_container() -> None:
    kept = Kept(b"one\n\n  \ntwo\xff\n  no ledger  \n\n")
    said, lines = failed(kept)
    assert said[1] == f"was not started: {WORDS}: no ledger"
    assert lines == ["one", "two\N{REPLACEMENT CHARACTER}"]
    assert kept.tail == 10


def test_what_compose_told_is_not_asked_again() -> None:
    kept = Kept(b"something else")
    said, lines = failed(kept, failure={"output": ("one", "two")})
    assert (said[1], lines, kept.tail) == (f"was not started: {WORDS}", ["one"], None)


@pytest.mark.parametrize(
    ("kept", "container"), [(None, "hook1"), (Kept(b""), "hook1"), (Kept(None), "hook1"), (Kept(b"x"), "")]
)
def test_a_hook_of_which_nothing_is_kept(kept: Kept | None, container: str) -> None:
    said, lines = failed(kept, failure={"container": container})
    assert (said[1], lines) == (f"was not started: {WORDS}", [])


def test_other_failures_are_left_to_others() -> None:
    assert hook.find(replica()) is None
    assert hook.find(replica(failure=Failure("container", "x"))) is None
