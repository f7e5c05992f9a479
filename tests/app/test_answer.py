"""What is taken out of a model's answer."""

from __future__ import annotations

import time

import pytest

from app.answer import extract, sound, without_talk

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
        f"Here is the diagram:\n{GOOD}",
        f"Sure! Flow of an order, as asked.\n\n{GOOD}\n\nThis shows how A leads to B.\nAsk for more.",
        f"{GOOD}\n\n**Note:** the arrow stands for a call.",
        f"<think>\nfirst a ```mermaid\ngraph\n``` then\n</think>\n{GOOD}",
        f"the endpoint opened the tag\n</think>\n\n```mermaid\n{GOOD}\n```",
        f"the endpoint opened the tag</think>\n{GOOD}",
        f"the endpoint opened the tag\n</think>{GOOD}",
        f"<think>one</think>\n<think>two</think>{GOOD}",
        f"<thinking>\nfirst\n</thinking>\n{GOOD}",
        f"[THINK]first[/THINK]{GOOD}",
        f"◁think▷first◁/think▷{GOOD}",
    ],
)
def test_fences_and_talk_around_the_code_are_taken_off(text: str) -> None:
    assert extract(text) == GOOD


@pytest.mark.parametrize(
    "code",
    [
        '---\ntitle: Pets. And more.\n---\npie\n  "Dogs": 3',
        "%% The way of an order.\n\n%%{init: {}}%%\ngraph TD\n  A --> B",
        "sequenceDiagram\n  A->>B: one\n\n  B->>A: Here is what you asked for.",
        "mindmap\n  root\n\n    A leaf with a sentence in it.",
        'C4Context\n  title All of it\n\n  Person(a, "Who buys things here.")',
        "Sorry, this is no diagram at all.",
        "journey\n  title My day\n\nsection Go to work",
        'flowchart LR\n  A["the tag </think>"] --> B',
        "sequenceDiagram\nA->>B: one\n\nNote over A,B: This is a note.\nB->>A: two",
        "stateDiagram-v2\n[*] --> Still\n\nStill : This is a state that stays.",
    ],
)
def test_a_diagram_without_a_fence_stays_as_it_is(code: str) -> None:
    assert extract(code) == code


@pytest.mark.parametrize(
    "talk",
    [
        "This diagram shows the flow.",
        "\nDas Diagramm zeigt, wie A zu B führt (siehe oben).",
        "这个图显示了流程。",
        "\nNote: the arrow stands for a call.",
        "\nKey points:\n- **A**: the order --> comes first\n- B: the end\n\nWould you like more?",
        "### Explanation\nIt is so.",
        "</mermaid>",
    ],
)
def test_talk_right_after_the_code_may_be_left_out(talk: str) -> None:
    assert without_talk(f"{GOOD}\n{talk}") == GOOD
    assert without_talk(GOOD) is None


@pytest.mark.parametrize(
    "code",
    [
        "sequenceDiagram\nA->>>B: what is this thing here.",
        "sequenceDiagram\nA->>B: one\nNote over A: this is a note.",
        "stateDiagram-v2\n[*] --> Still\nStill: it is bad; and long.",
        "journey\n  title My day\nMake some good tea: 5: Me.",
        "mindmap\n  root\n  - a leaf (open.\n  - another one.",
        "classDiagram\n  A : x\nA : (this is a text.",
        "flowchart LR\nThis is all that there is.",
    ],
)
def test_what_may_be_a_faulty_part_of_the_diagram_is_never_left_out(code: str) -> None:
    assert without_talk(code) is None


def test_what_never_ends_to_think_says_nothing() -> None:
    assert extract("<think>\nflowchart LR") == ""


@pytest.mark.parametrize(
    "text",
    [
        "`" * 100_000,
        "```" + "a" * 100_000,
        "```\n" * 25_000,
        "~~~\n```\n" * 12_000,
        " " * 100_000 + "```",
        "A a\n\n" * 20_000 + "pie",
        "<think>" * 14_000,
    ],
)
def test_no_answer_takes_long(text: str) -> None:
    begun = time.process_time()
    extract(text)
    without_talk(f"pie\n{text}.")
    assert time.process_time() - begun < 0.5  # of the processor; in time squared it would be minutes


def test_text_that_no_encoder_takes_is_mended() -> None:
    assert sound("\ud83d\ude00") == "\U0001f600"
    assert sound("a\ud83db\0\ufeff") == "a\ufffdb\ufeff"
    assert extract("flowchart LR\n  A[\ud83d] --> B\0") == "flowchart LR\n  A[\ufffd] --> B"
