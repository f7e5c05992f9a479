"""What projects call the example of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from upready.envfile import example_names


@pytest.mark.parametrize(
    "name",
    [
        ".env.example",
        ".env.sample",
        "env.example",
        ".env.dist",
        ".env.template",
        "example.env",
        "sample.env",
        ".env-example",
    ],
)
def test_every_usual_name_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("A=1\n", "utf-8")
    assert example_names.beside(tmp_path / ".env") == tmp_path / name


def test_the_usual_one_counts_first(tmp_path: Path) -> None:
    for name in ("env.sample", ".env.example", ".env.local", ".env"):
        (tmp_path / name).touch()
    assert [each.name for each in example_names.every(tmp_path / ".env")] == [".env.example", "env.sample"]


def test_another_files_example(tmp_path: Path) -> None:
    (tmp_path / "db.env.sample").touch()
    assert example_names.beside(tmp_path / "db.env") == tmp_path / "db.env.sample"
    assert example_names.beside(tmp_path / "gone" / ".env") is None
