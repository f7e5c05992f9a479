"""What compose prints is read exactly, also where its writer leaves out how far a text is set in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from upready.stack import compose_yaml, model
from upready.stack.selection import Stack

TEXTS = [
    "\n  x",
    "\n\n  x\n",
    "\n  x\n y\n",
    "\n\tx",
    "  x\n y",
    "#\n  x",
    "\n",
    "\n  a: |-\n\n    b",
    "plain |-\n\n  x",
    " \n  x",
    "a: |-",
]


def merged(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    """What compose makes of a file, read as the tasks read it."""
    file = folder / "compose.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")
    return dict(model.load(Stack(folder, "dev", (file,), (), "it")).raw)


@pytest.mark.parametrize("text", TEXTS, ids=repr)
def test_a_text_is_what_it_was_wherever_it_stands(tmp_path: Path, text: str) -> None:
    ops = {"native": {"command": [text, "x"], "environment": {"A": text}}}
    service = {
        "image": "x",
        "environment": {"A": text, "B": "b"},
        "command": ["x", text],
        "configs": ["c"],
        "x-ops": ops,
    }
    found = merged(tmp_path, {"services": {"web": service}, "configs": {"c": {"content": text}}})
    assert found["services"]["web"]["environment"] == {"A": text, "B": "b"}
    assert found["services"]["web"]["command"] == ["x", text]
    assert found["services"]["web"]["x-ops"] == ops
    assert found["configs"]["c"]["content"] == text


def test_compose_with_a_writer_that_leaves_the_indent_out_is_read_as_what_it_means() -> None:
    said = "a:\n  b: |-\n\n      x\n     y\n  c: z\n"  # as it prints "\n  x\n y", which is no YAML
    assert compose_yaml.read(said) == {"a": {"b": "\n  x\n y", "c": "z"}}
    assert compose_yaml.read(said.replace("|-", "|2-")) == compose_yaml.read(said)
