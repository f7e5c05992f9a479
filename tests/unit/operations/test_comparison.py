"""Which variables have another value in another file; an engine test compares with containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from upready.operations import comparison
from upready.operations.comparison import Fingerprints
from upready.stack.selection import Stack
from upready.support.errors import EnvFileError, UsageError


def make(root: Path, env: str | None, other: str = "") -> Stack:
    (root / "compose.yaml").write_text("services: {a: {image: x}}\n", encoding="utf-8")
    (root / "other.env").write_text(other, encoding="utf-8")
    if env is not None:
        (root / ".env").write_text(env, encoding="utf-8")
    return Stack(root=root, environment="dev", files=(root / "compose.yaml",), profiles=(), project="demo")


def test_names_are_told_and_no_value(tmp_path: Path) -> None:
    stack = make(tmp_path, "A=1\nB='canary one'\nC=3\nREF=${A}x\n", 'A=1\nB="canary two"\nD=4\nREF=1x\n')
    found = comparison.compare(stack, "other.env")
    assert found.as_dict() == {
        "with": "other.env",
        "kind": "file",
        "differs": [{"service": None, "name": "B"}],
        "only_here": [{"service": None, "name": "C"}],
        "only_there": [{"service": None, "name": "D"}],
        "same": [{"service": None, "name": "A"}, {"service": None, "name": "REF"}],
    }
    assert "canary" not in repr(found)


def test_one_value_has_another_hash_under_another_salt() -> None:
    key = ("", "A")
    one, two = Fingerprints.of({key: "x"}), Fingerprints.of({key: "x"})
    assert one.hashes != two.hashes
    assert Fingerprints.of({key: "x"}, one.salt).hashes == one.hashes
    assert repr(one.salt) not in repr(one)


@pytest.mark.parametrize(
    ("other", "said"),
    [("nobody", "no file and no Docker context named nobody"), ("./nobody", "no file ./nobody"), (".x", "no file .x")],
)
def test_what_is_neither_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str, said: str) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(UsageError, match=said) as caught:
        comparison.compare(make(tmp_path, "A=1\n"), other)
    assert ("release" in "".join(caught.value.details)) == (other == "nobody")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "another one").mkdir()
    with pytest.raises(UsageError, match="another one is a folder") as caught:
        comparison.compare(make(tmp_path, "A=1\n"), "another one")
    place = Path("another one") / ".env"
    assert caught.value.next == f"invoke env.diff --with '{place}'"


def test_without_values_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(EnvFileError, match="missing"):
        comparison.compare(make(tmp_path, None), "other.env")
