"""How a task becomes a tool: its words, its schemas, its answers."""

from __future__ import annotations

import json

import jsonschema
import pytest

from upready.agents import answer, server
from upready.agents.tool import Tool
from upready.commands import dev, diagnose, health, logs, stop

LOGS = Tool.of("logs", logs.logs, ("service", "tail", "grep"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, []),
        ({"service": ["db", "web"]}, ["--service=db", "--service=web"]),
        ({"tail": 5, "grep": "--volumes"}, ["--tail=5", "--grep=--volumes"]),
    ],
)
def test_words_of_logs(arguments: dict[str, object], words: list[str]) -> None:
    assert LOGS.words(arguments) == ["logs", "--json", *words]


def test_words_of_flags() -> None:
    tool = Tool.of("dev", dev.dev, ("build", "pull"))
    assert tool.words({"build": True, "pull": False}) == ["dev", "--json"]
    assert tool.words({"build": False, "pull": True}) == ["dev", "--json", "--no-build", "--pull"]


def test_option_that_was_not_offered_is_refused() -> None:
    tool = Tool.of("stop", stop.stop, ("timeout",), changes=True, destructive=True)
    for name in ("volumes", "yes", "foreign"):
        refused = server.check(tool, {name: True})
        assert refused is not None
        assert refused.failed
        assert refused.content["exit_code"] == 2
        jsonschema.Draft202012Validator(tool.output_schema).validate(refused.content)
    assert server.check(tool, {"timeout": "5s"}) is None


@pytest.mark.parametrize("tail", [0, 1_001, "all", 2.5])
def test_logs_are_bounded(tail: object) -> None:
    assert server.check(LOGS, {"tail": tail}) is not None


def test_says_what_it_does_and_what_its_arguments_mean() -> None:
    health.health.get_arguments()  # as invoke does before any task runs
    tool = Tool.of("health", health.health, ("wait",))
    assert tool.about.startswith("Look once whether every service answers")
    assert tool.input_schema["properties"]["wait"] == {
        "type": "string",
        "description": "Seconds to wait until every service is ready.",
    }


def line(message: str) -> str:
    entry = {"time": "t", "service": "a", "replica": 1, "stream": "stdout", "level": None, "message": message}
    return json.dumps({**entry, "fields": {}})


def test_log_lines_are_one_document() -> None:
    error = {"code": 4, "kind": "engine", "message": "gone", "details": [], "next": "invoke doctor"}
    found = answer.read(LOGS, 4, f"{line('one')}\n{line('two')}\n{json.dumps({'error': error})}\n", "")
    assert found.failed
    assert [each["message"] for each in found.content["lines"]] == ["one", "two"]
    jsonschema.Draft202012Validator(LOGS.output_schema).validate(found.content)


def test_an_error_before_any_line_is_told() -> None:
    error = {"code": 4, "kind": "engine", "message": "gone", "details": [], "next": "invoke doctor"}
    found = answer.read(LOGS, 4, json.dumps({"error": error}, indent=2) + "\n", "")
    assert found.failed
    assert found.content == {"lines": [], "left_out": 0, "error": error, "exit_code": 4}
    jsonschema.Draft202012Validator(LOGS.output_schema).validate(found.content)


def test_too_many_characters_are_left_out_from_the_front() -> None:
    found = answer.read(LOGS, 0, "\n".join(line(f"{number} {'x' * 1_000}") for number in range(500)), "")
    assert found.content["left_out"] + len(found.content["lines"]) == 500
    assert found.content["lines"][-1]["message"].startswith("499 ")
    assert 0 < len(found.text) < 1.2 * answer.MOST


def test_one_line_that_is_too_long_is_given() -> None:
    assert len(answer.read(LOGS, 0, line("x" * 2 * answer.MOST), "").content["lines"]) == 1


def test_no_logs() -> None:
    assert answer.read(LOGS, 0, "", "").content == {"lines": [], "left_out": 0, "exit_code": 0}


def test_service_that_is_not_ready_is_no_failure_of_the_tool() -> None:
    document = {"project": "a", "environment": "dev", "runtime": "docker", "status": "unhealthy", "services": []}
    found = answer.read(Tool.of("health", health.health, ()), 7, json.dumps(document), "")
    assert not found.failed
    assert found.content["exit_code"] == 7


def test_task_without_a_document_has_failed_with_what_it_said() -> None:
    tool = Tool.of("diagnose", diagnose.diagnose, ())
    found = answer.read(tool, 1, "", "Traceback\nValueError: x\n")
    assert found.failed
    assert found.content["error"]["details"] == ["Traceback", "ValueError: x"]
    jsonschema.Draft202012Validator(tool.output_schema).validate(found.content)
