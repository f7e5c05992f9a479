"""That there is a schema for each task that takes `--json`, and that it is held to what the code makes."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests import documents
from upready.report import schema as report
from upready.schemas import tasks
from upready.support import errors
from upready.support.errors import OpsError, UsageError
from upready.tasks import ns

ERROR = {"error": UsageError("it failed", details=["why"], next="invoke dev").as_dict()}


def test_each_task_with_json_has_a_schema_and_no_other() -> None:
    with_json = {name for name in ns.task_names if any(each.name == "json" for each in ns[name].get_arguments())}
    assert set(tasks.DOCUMENTS) == with_json


@pytest.mark.parametrize("name", [*tasks.DOCUMENTS, tasks.ERROR])
@pytest.mark.parametrize("closed", [True, False])
def test_each_is_a_schema_of_an_object(name: str, closed: bool) -> None:
    made = tasks.of(name, closed=closed)
    jsonschema.Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["type"] == "object"


@pytest.mark.parametrize("name", [*tasks.DOCUMENTS, tasks.ERROR])
def test_each_task_may_print_an_error(name: str) -> None:
    documents.hold(name, ERROR)


def test_every_kind_of_error_is_named() -> None:
    def below(kind: type[OpsError]) -> set[str]:
        return {kind.kind}.union(*(below(each) for each in kind.__subclasses__()))

    named = tasks.of("error")["$defs"]["Error"]["properties"]["kind"]["enum"]
    own = {each.kind for each in vars(errors).values() if isinstance(each, type) and issubclass(each, OpsError)}
    assert own <= set(named)
    assert set(named) <= below(OpsError)


@pytest.mark.parametrize(
    "change",
    [
        {"code": "2"},
        {"kind": "odd"},
        {"details": "why"},
        {"message": None},
        {"new": 1},
    ],
)
def test_changed_field_of_an_error_is_noticed(change: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="stop --json"):
        documents.hold("stop", {"error": {**ERROR["error"], **change}})


def test_document_of_a_call_is_found_by_its_words() -> None:
    documents.check(["status"], "no JSON was asked for")
    documents.check(["exec", "db", "--", "status", "--json"], '{"of": "another program"}')
    documents.check(["status", "--json"], '{"cut off')
    documents.check(["logs", "--json", "--tail", "1"], json.dumps(ERROR))
    with pytest.raises(AssertionError):
        documents.check(["--dry", "status", "--json"], '{"project": 1}')
    with pytest.raises(AssertionError):
        documents.check(["health", "--json", "--watch"], f'{json.dumps(ERROR)}\n{{"project": 1}}\n')


def test_prints_the_schema_of_a_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert report.show("health") == 0
    assert json.loads(capsys.readouterr().out) == tasks.of("health")


def test_lists_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert report.show("") == 0
    assert set(capsys.readouterr().out.split()) == {*tasks.DOCUMENTS, "error"}


def test_unknown_name_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(UsageError, match="helth") as caught:
        report.show("helth")
    assert caught.value.next == "invoke schema health"
    with pytest.raises(UsageError) as caught:
        report.show("shell")
    assert "--json" in caught.value.details[0]
