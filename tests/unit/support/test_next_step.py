"""How next steps are put together."""

from __future__ import annotations

import pytest

from upready.support import next_step, platform, shell_words


@pytest.mark.parametrize(
    ("way", "is_one"),
    [
        ("invoke dev", True),
        ("correct a:1, then: invoke dev", True),
        ("in a minute: <the same command>", True),
        ("<the same command with dev for dve>", True),
        ("set A=&& invoke dev", True),
        ("correct a:1", False),
        ("set cpus: 1 in compose.yaml:6", False),
        ("set start_period beside start_interval in compose.yaml:3", False),
        ("invoke.yaml is wrong", False),
        ("install it: https://docs.docker.com", False),
    ],
)
def test_what_ends_with_a_command(way: str, is_one: bool) -> None:
    assert next_step.is_command(way) is is_one


def test_a_step_and_the_command_that_makes_it_count() -> None:
    assert next_step.then("invoke env.set A=1", "invoke dev") == "invoke env.set A=1 && invoke dev"
    assert next_step.then("set cpus: 1 in a:2", "invoke dev") == "set cpus: 1 in a:2, then: invoke dev"
    assert next_step.then("change a, then: invoke config", "invoke dev") == "change a, then: invoke config"
    assert next_step.then("do this\ndocker stop x", "invoke dev") == "do this, then: invoke dev\ndocker stop x"


def test_ways_are_told_once_and_empty_ones_are_left_out() -> None:
    assert next_step.either("", "a", "b", "a") == "a\nb"


def test_commands_in_turn_work_in_both_shells_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "WINDOWS", True)
    assert shell_words.in_turn("invoke stop", "invoke dev") == 'cmd /c "invoke stop && invoke dev"'
    assert shell_words.in_turn("invoke stop") == "invoke stop"
    assert shell_words.removal("A") == "set A="
