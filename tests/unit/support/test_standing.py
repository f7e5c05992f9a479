"""The current folder by the path that the shell shows, as compose finds it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from upready.support import standing


@pytest.fixture
def linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A link to the current folder, `real/inner`, by its upper folder."""
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path / "real" / "inner")
    return tmp_path / "link"


def test_the_shells_path_counts_where_it_leads_to_the_folder(linked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path(os.path.realpath(linked))
    monkeypatch.setenv("PWD", str(linked / "inner"))
    assert standing.folder() == linked / "inner"
    assert standing.seen(real) == linked
    assert standing.seen(real / "inner") == linked / "inner"


@pytest.mark.parametrize("shown", ["", ".", "/", "/nosuch", "inner\0"])
def test_any_other_path_does_not_count(linked: Path, monkeypatch: pytest.MonkeyPatch, shown: str) -> None:
    real = Path(os.path.realpath(linked))
    monkeypatch.setattr(standing.os, "environ", {"PWD": shown})
    assert standing.folder() == real / "inner"
    assert standing.seen(real) == real


def test_a_folder_elsewhere_stays_as_it_is_given(linked: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "to-other").symlink_to(tmp_path / "other")
    assert standing.seen(tmp_path / "to-other") == tmp_path / "to-other"


def test_a_current_folder_that_is_gone_is_nobodys(linked: Path, tmp_path: Path) -> None:
    (tmp_path / "real" / "inner").rmdir()
    assert standing.seen(tmp_path) == tmp_path
    with pytest.raises(FileNotFoundError):
        standing.folder()
