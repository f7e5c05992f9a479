from typing import Annotated, Any, NotRequired, TypedDict

import jsonschema
import pytest

from upready.schemas import generation
from upready.schemas.parts import OneOf


class Leaf(TypedDict):
    """A leaf."""

    colour: Annotated[str, OneOf("red", "green"), "What it looks like."]


class Tree(TypedDict):
    """A tree.

    Taller than a shrub.
    """

    name: str
    height: float | None
    leaves: list[Leaf]
    by_branch: dict[str, Leaf]
    anything: dict[str, Any]
    nest: NotRequired[Leaf | None]


class Oak(Tree):
    """An oak."""

    acorns: Annotated[int, "How many."]


WHOLE = {
    "name": "old",
    "height": 12,
    "leaves": [{"colour": "red"}],
    "by_branch": {"low": {"colour": "green"}},
    "anything": {"a": [1]},
    "acorns": 3,
}


def valid(document: object, *, closed: bool = False) -> bool:
    made = generation.schema([Oak], title="oak", about="An oak", closed=closed)
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made).is_valid(document)


def test_document_of_its_type_is_valid() -> None:
    assert valid(WHOLE, closed=True)
    assert valid({**WHOLE, "height": None, "nest": None}, closed=True)


@pytest.mark.parametrize(
    "change",
    [
        {"name": 1},
        {"name": None},
        {"height": "tall"},
        {"leaves": {"colour": "red"}},
        {"leaves": [{"colour": "blue"}]},
        {"leaves": [{}]},
        {"by_branch": {"low": "green"}},
        {"acorns": 1.5},
        {"nest": []},
    ],
)
def test_field_of_another_type_is_not(change: dict[str, object]) -> None:
    assert not valid({**WHOLE, **change})


def test_what_is_missing_is_not() -> None:
    for name in WHOLE:
        assert not valid({key: value for key, value in WHOLE.items() if key != name})


def test_more_fields_are_allowed_but_in_a_closed_schema() -> None:
    more = {**WHOLE, "squirrels": 2}
    assert valid(more)
    assert not valid(more, closed=True)


def test_one_of_several_documents() -> None:
    made = generation.schema([Leaf, Oak], title="either", about="Either", closed=True)
    assert jsonschema.Draft202012Validator(made).is_valid({"colour": "red"})
    assert jsonschema.Draft202012Validator(made).is_valid(WHOLE)
    assert not jsonschema.Draft202012Validator(made).is_valid({"colour": "red", **WHOLE})


def test_says_what_fields_mean() -> None:
    made = generation.schema([Oak], title="oak", about="An oak")["$defs"]
    assert made["Oak"]["description"] == "An oak."
    assert made["Oak"]["properties"]["acorns"] == {"type": "integer", "description": "How many."}
    assert made["Leaf"]["properties"]["colour"]["enum"] == ["red", "green"]


def test_refuses_a_type_that_json_does_not_have() -> None:
    class Odd(TypedDict):
        """Odd."""

        when: complex

    with pytest.raises(TypeError):
        generation.schema([Odd], title="odd", about="Odd")
