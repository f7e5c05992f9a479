"""Annotations for GitHub: which lines they stand at, and that what they say cannot be taken for another command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from upready.report import github
from upready.report.github import Annotation


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "work" / "shop"
    (folder / "app").mkdir(parents=True)
    for name in ("app/main.py", "compose.yaml", ".env"):
        (folder / name).write_text("", encoding="utf-8")
    return folder


def of(document: dict[str, Any], root: Path) -> list[Annotation]:
    return [*github.of(document, root, root.parent)]


def failure(**more: Any) -> dict[str, Any]:
    return {"service": "web", "cause": "exited", "message": "web exited", "evidence": [], "next": "invoke dev", **more}


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("KeyError: 'x' (app/main.py:3)", ("shop/app/main.py", 3, 0)),
        ("compose.yaml:12:5: no such service", ("shop/compose.yaml", 12, 5)),
        ("./compose.yaml:12", ("shop/compose.yaml", 12, 0)),
        (".env:2:1: error", ("shop/.env", 2, 1)),
        ("http://127.0.0.1:8000 does not answer, see compose.yaml:7", ("shop/compose.yaml", 7, 0)),
        ("gone.py:3, compose.yaml:1", ("shop/compose.yaml", 1, 0)),
        ("0.0.0.0:80 is taken", None),
        ("app:3", None),
        ("compose.yaml:0", None),
        ("at 12:30:05", None),
    ],
)
def test_place(line: str, place: object, root: Path) -> None:
    assert github.place_of([line], root, root.parent) == place


def test_absolute_path_is_named_from_the_workspace(root: Path) -> None:
    assert github.place_of([f"{root / 'compose.yaml'}:4"], root, root.parent) == ("shop/compose.yaml", 4, 0)


def test_of_a_traceback_the_last_frame_of_ours_counts(root: Path) -> None:
    frames = [
        f'  File "{name}", line {line}, in f' for name, line in ((root / "app/main.py", 3), ("/usr/lib/os.py", 7))
    ]
    assert annotations_place(frames, root) == ("shop/app/main.py", 3, 0)
    assert annotations_place([f"{Path(__file__)}:1"], root) is None


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('  File "/src/app/main.py", line 3, in <module>', ("shop/app/main.py", 3, 0)),
        ("    at start (/usr/src/app/main.py:3:5)", ("shop/app/main.py", 3, 5)),
        ('  File "/code/Procfile.py", line 2, in <module>', ("shop/Procfile.py", 2, 0)),
        ('  File "/code/deep/Procfile.py", line 2, in <module>', None),  # a name alone
        ('  File "/usr/lib/python3/dist-packages/app/main.py", line 3, in f', None),
        ('  File "/src/.venv/lib/site-packages/app/main.py", line 3, in f', None),
        ('  File "/usr/local/lib/app/main.py", line 3, in f', None),
        ("    at f (/srv/node_modules/app/main.py:3:5)", None),
    ],
)
def test_file_of_a_container_is_the_project_s_by_its_last_folders(line: str, place: object, root: Path) -> None:
    (root / "Procfile.py").touch()
    assert annotations_place([line], root) == place


def annotations_place(lines: list[str], root: Path) -> object:
    return github.place_of(lines, root, root.parent)


def test_failure_stands_at_the_line_of_its_evidence(root: Path) -> None:
    (found,) = of({"failures": [failure(evidence=["app/main.py:3: KeyError"])], "error": {"message": "again"}}, root)
    assert str(found) == (
        "::error file=shop/app/main.py,line=3,title=web%3A exited"
        "::web exited%0Aapp/main.py:3: KeyError%0Anext: invoke dev"
    )


def test_error_before_any_start_stands_at_its_line(root: Path) -> None:
    error = {"kind": "usage", "message": "compose.yaml:2:3: no", "details": ["why"], "next": "a\nb"}
    (found,) = of({"error": error}, root)
    assert (found.file, found.line, found.column) == ("shop/compose.yaml", 2, 3)
    assert found.message == "compose.yaml:2:3: no\nwhy\nnext: a\nnext: b"


def test_findings_of_env_stand_at_their_lines_with_their_severity(root: Path) -> None:
    finding = {"check": "kind", "message": "no port", "why": "it bites", "fix": "invoke env.set A=1", "file": ".env"}
    lines = [{**finding, "severity": "error", "line": 4, "column": 2}, {**finding, "severity": "warning", "line": 0}]
    first, second = of({"findings": lines}, root)
    assert (first.level, first.file, first.line, first.column) == ("error", "shop/.env", 4, 2)
    assert (second.level, second.line) == ("warning", 1)
    assert "fix: invoke env.set A=1" in first.message


def test_what_has_no_line_is_told_all_the_same(root: Path) -> None:
    assert str(*of({"error": {"kind": "engine", "message": "no engine"}}, root)) == (
        "::error title=upready%3A engine::no engine"
    )


def test_good_documents_have_none(root: Path) -> None:
    for document in ({"status": "healthy", "failures": []}, {"able": True, "findings": [{"grade": "ok"}]}, {}):
        assert of(document, root) == []


def test_nothing_in_a_message_is_another_command(root: Path) -> None:
    text = "50%\r\n::set-env name=A::b"
    (found,) = of({"failures": [failure(message=text, cause="a,b:c")]}, root)
    assert str(found).count("\n") == 0
    assert "50%25%0D%0A::set-env name=A::b" in str(found)
    assert "title=web%3A a%2Cb%3Ac::" in str(found)


def test_no_more_than_github_shows(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    github.show({"failures": [failure()] * 30}, root)
    assert len(capsys.readouterr().out.splitlines()) == github.MOST
