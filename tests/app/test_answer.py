"""What is taken out of a model's answer."""

from __future__ import annotations

import time

import pytest

from app.answer import extract, sound

GOOD = "flowchart LR\n  A --> B"


@pytest.mark.parametrize(
    "text",
    [
        f"```mermaid\n{GOOD}\n```",
        f"Here it is:\n\n```mermaid\n{GOOD}\n```\n\nEnjoy!",
        f"```\n{GOOD}\n```",
        f"~~~mermaid\n{GOOD}\n~~~",
        f"```mermaid\n{GOOD}",
        f"```python\nprint()\n```\n```Mermaid\r\n{GOOD}\r\n```",
        f"\n\n{GOOD}\n",
    ],
)
def test_fences_and_talk_around_the_code_are_taken_off(text: str) -> None:
    assert extract(text) == GOOD


@pytest.mark.parametrize(
    "text", ["`" * 100_000, "```" + "a" * 100_000, "```\n" * 25_000, "~~~\n```\n" * 12_000, " " * 100_000 + "```"]
)
def test_no_answer_takes_long(text: str) -> None:
    begun = time.process_time()
    extract(text)
    assert time.process_time() - begun < 0.05


def test_text_that_no_encoder_takes_is_mended() -> None:
    assert sound("\ud83d\ude00") == "\U0001f600"
    assert sound("a\ud83db\0\ufeff") == "a\ufffdb\ufeff"
    assert extract("flowchart LR\n  A[\ud83d] --> B\0") == "flowchart LR\n  A[\ufffd] --> B"
