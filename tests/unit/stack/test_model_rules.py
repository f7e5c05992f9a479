"""What is made of a merged model that compose has printed: errors, links, and what is masked in it. No compose runs."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.conftest import MakeStack
from upready.dotenv import redaction
from upready.secrets import masking
from upready.secrets.secret import MASK
from upready.stack import model
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.support.errors import UsageError
from upready.support.process import Result


def said(stack: Stack, merged: dict[str, Any] | str) -> Model:
    """The model of a stack of which compose has printed this."""
    text = merged if isinstance(merged, str) else yaml.safe_dump(merged)
    return model.load(stack, lambda: Result((), 0, text, ""))


@pytest.fixture
def stack(make_stack: MakeStack) -> Stack:
    return make_stack("services: {a: {image: x}}\n")


def test_compose_is_not_asked_where_somebody_has_asked_it(stack: Stack) -> None:
    assert list(said(stack, {"services": {"web": {"image": "y"}}}).services) == ["web"]


@pytest.mark.parametrize(
    ("name", "hint", "step"),
    [("wbe", "; did you mean web?", "<the same command with web for wbe>"), ("qqqq", "", "invoke status")],
)
def test_a_misspelt_service_is_told_with_the_one_that_was_meant(stack: Stack, name: str, hint: str, step: str) -> None:
    with pytest.raises(UsageError) as caught:
        said(stack, {"services": {"web": {}, "db": {}}}).service(name)
    assert (caught.value.message, caught.value.next) == (f"there is no service {name!r}{hint}", step)
    assert caught.value.details == ["services: db, web"]


def test_links_are_those_of_this_machine_unless_told_otherwise(stack: Stack) -> None:
    found = said(stack, {"services": {"web": {"x-ops": {"open": {"A": "http://127.0.0.1:80"}}}}})
    assert found.links() == [("web", "A", "http://127.0.0.1:80")]


def test_where_no_service_has_a_profile_none_is_proposed(make_stack: MakeStack) -> None:
    stack = make_stack("services: {a: {image: x}}\n", profiles=["full"])
    with pytest.raises(UsageError, match="there is no profile 'full'") as caught:
        said(stack, {"services": {"a": {}}})
    assert (caught.value.details, caught.value.next) == (["profiles: none"], "invoke dev")


@pytest.mark.parametrize(("environment", "command"), [("dev", "invoke config"), ("prod", "invoke config --env prod")])
def test_a_model_that_nests_too_deeply_is_not_read(make_stack: MakeStack, environment: str, command: str) -> None:
    """PyYAML would end the whole process."""
    stack = dataclasses.replace(make_stack("services: {a: {image: x}}", "x-a: 1"), environment=environment)
    with pytest.raises(UsageError) as caught:
        said(stack, f"x-a: {'[' * 201}{']' * 201}")
    assert caught.value.message == ("compose.yaml, over1.yaml: more than 200 lists and mappings within each other")
    assert caught.value.next == f"correct that, then: {command}"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        # By its name, though it is too short to be looked for in other texts.
        ({"environment": {"DB_PASSWORD": "abc", "MODE": "abc"}}, {"environment": {"DB_PASSWORD": MASK, "MODE": "abc"}}),
        (
            {"environment": {"API_SECRET": "", "API_TOKEN": None}},
            {"environment": {"API_SECRET": "", "API_TOKEN": None}},
        ),
        ({"x-passwords": ["abc", "def"]}, {"x-passwords": [MASK, MASK]}),
        ({"command": ["run", "--requirepass", "abc", "serve"]}, {"command": ["run", "--requirepass", MASK, "serve"]}),
        ({"command": ["--password=abcd1", "serve", 5]}, {"command": [f"--password={MASK}", "serve", 5]}),
        ({"command": ["--db-token=two words", "--mode=on"]}, {"command": [f"--db-token={MASK}", "--mode=on"]}),
        ({"x-a": ["DB_PASSWORD=a horse, b=1", "MODE=open"]}, {"x-a": [f"DB_PASSWORD={MASK}", "MODE=open"]}),
        # Compose leaves these numbers as they are.
        (
            {"x-a": {"api_token": 12345678, "port": 80, "secret": True, "password": 1234.5}},
            {"x-a": {"api_token": MASK, "port": 80, "secret": True, "password": MASK}},
        ),
    ],
)
def test_a_secret_is_masked_by_its_name(stack: Stack, given: dict[str, Any], shown: dict[str, Any]) -> None:
    assert model.masked(said(stack, {"services": {"a": given}})) == {"services": {"a": shown}}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"environment": {"GREETING": "postgres"}}, {"environment": {"GREETING": MASK}}),
        ({"build": {"args": {"GREETING": "postgres"}}}, {"build": {"args": {"GREETING": MASK}}}),
        (
            {"x-a": {"environment": {"b": {"GREETING": "postgres"}}}},
            {"x-a": {"environment": {"b": {"GREETING": MASK}}}},
        ),
        # The name of a user is not the password, though it may be the same word.
        ({"environment": {"DB_USER": "postgres"}}, {"environment": {"DB_USER": "postgres"}}),
        ({"labels": {"greeting": "postgres"}}, {"labels": {"greeting": "postgres"}}),
        ({"command": ["postgres"], "image": "postgres"}, {"command": ["postgres"], "image": "postgres"}),
    ],
)
def test_a_secret_that_is_an_ordinary_word_is_masked_as_the_value_of_a_variable_alone(
    stack: Stack, given: dict[str, Any], shown: dict[str, Any]
) -> None:
    merged = said(stack, {"services": {"a": given}})
    assert model.masked(merged, ["postgres"]) == {"services": {"a": shown}}


@pytest.mark.parametrize("text", ["to$ken-value", "to$$ken-value"])
def test_a_secret_with_a_dollar_is_masked_as_it_is_and_as_compose_writes_it(stack: Stack, text: str) -> None:
    merged = said(stack, {"x-note": f"see {text}!"})
    assert model.masked(merged, ["to$ken-value"]) == {"x-note": f"see {MASK}!"}


def test_of_two_secrets_the_longer_one_is_masked_first(stack: Stack) -> None:
    """Else what stands around the shorter one would be shown."""
    merged = said(stack, {"x-note": "see a-zulu-9x8-b, zulu-9x8"})
    assert model.masked(merged, ["zulu-9x8", "a-zulu-9x8-b"]) == {"x-note": f"see {MASK}, {MASK}"}


def test_the_secrets_of_every_model_that_was_loaded_are_known(stack: Stack, tmp_path: Path) -> None:
    """A release loads the model of the one before it, too."""
    earlier = dataclasses.replace(stack, files=(tmp_path / "earlier.yaml",))
    with masking.hiding(tmp_path, lambda _: []):
        assert not masking.knows_model()
        said(stack, {"services": {"a": {"environment": {"API_TOKEN": "value-now-7"}}}})
        assert masking.knows_model()
        assert masking.hide("value-now-7 value-earlier-6") == f"{MASK} value-earlier-6"
        said(earlier, {"services": {"a": {"environment": {"API_TOKEN": "value-earlier-6"}}}})
        assert masking.hide("value-now-7 value-earlier-6") == f"{MASK} {MASK}"


def test_an_env_that_has_changed_is_read_again(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack("services: {a: {image: x}}", env="API_TOKEN=value-first-1\n")
    with masking.hiding(tmp_path, redaction.secrets):
        assert masking.hide("value-first-1 value-second-2") == f"{MASK} value-second-2"
        (tmp_path / ".env").write_text("API_TOKEN=value-second-2\n", "utf-8")
        said(stack, {"services": {"a": {}}})
        assert masking.hide("value-second-2") == MASK
