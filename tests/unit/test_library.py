"""What holds for the task library as a whole."""

from __future__ import annotations

import re

from tests.conftest import ROOT

SOURCES = ROOT / "upready" / "src"


def test_no_module_names_a_service_of_this_stack() -> None:
    """`upready` works for any compose project, so it names nothing of this one."""
    names = re.compile(r"ai-service|mcp-server|openrouter|ba[_-]copilot|mermaid", re.IGNORECASE)
    sources = list(SOURCES.rglob("*.py"))
    assert len(sources) > 20
    assert [source.name for source in sources if names.search(source.read_text("utf-8"))] == []


def test_only_report_and_the_command_line_print() -> None:
    printing = re.compile(r"(^|\s)print\(|sys\.stdout\.write", re.MULTILINE)
    others = [path for path in SOURCES.rglob("*.py") if not {"report", "cli"} & set(path.parts)]
    assert [path.name for path in others if printing.search(path.read_text("utf-8"))] == []


def test_no_document_has_a_gap_that_was_to_be_filled() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    assert documents
    assert [each.name for each in documents if re.search(r"@@[A-Z]+@@", each.read_text("utf-8"))] == []


def test_every_room_is_a_package() -> None:
    """The check of the imports' directions passes over a folder that is none."""
    folders = {path.parent for path in (SOURCES / "upready").rglob("*.py")}
    assert [str(each) for each in folders if not (each / "__init__.py").is_file()] == []


def test_links_are_followed_in_one_place() -> None:
    """`Path.resolve` raises RuntimeError at a link in a loop, which any project may hold; `files.real` does not."""
    own = re.compile(r"__file__|folder\.resolve\(\)$")  # of the library itself; of the folder of the call
    found = [
        f"{path.name}: {line}"
        for path in (SOURCES / "upready").rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if ".resolve()" in line and not own.search(line)
    ]
    assert found == []
