"""Any value given to `env.set` or `env.init` is the value that compose reads, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from upready.dotenv import change, difference, values
from upready.dotenv.creation import initialise
from upready.envfile import document, quoting
from upready.secrets.secret import passwords
from upready.stack.selection import Stack
from upready.support.errors import EnvFileError, UsageError

from .conftest import Invoke

pytestmark = pytest.mark.costly

NO_NUL = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TRICKY = st.text(st.sampled_from("'\"`\\$#{}()=: \t\r\n%~aA1_é\u00a0\u2028\ufeff"))
TEXT = st.one_of(st.text(NO_NUL), TRICKY)
# As somebody may have written it: well, badly, or with references.
WRITTEN = st.one_of(
    TEXT.map(quoting.encode),
    st.lists(
        st.sampled_from(["$", "$$", "${S}", "$S1", "${NOPE:-x}", "\\", "'", '"', " #", "#", "a", " ", "=", "\n"]),
        max_size=6,
    ).map("".join),
    st.sampled_from(
        ['"a\nb"', "'a\nb' # why", '"\\n$S"', "'$S'", " # nothing", "x # why", "a$$b", "postgres://u:${S}@h"]
    ),
)
SLOW = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # Each example asks compose several times, so a failing one is shown as it was found.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
BEFORE = "# mine\nA='old' # why\nexport OTHER=\"x $A\"\n\nLAST=1"


def read(stack: Stack) -> dict[str, str]:
    return {each.name: each.text for each in values(stack)}


@SLOW
@given(TEXT)
def test_set_changes_nothing_else(make_stack: Callable[..., Stack], value: str) -> None:
    stack = make_stack(BEFORE.replace("$A", "y"))
    change.change(stack, "A", value)
    change.change(stack, "NEW", value)
    assert read(stack) == {"A": value, "OTHER": "x y", "LAST": "1", "NEW": value}
    text = stack.env_file.read_bytes().decode()
    assert text.startswith("# mine\nA=")
    assert ' # why\nexport OTHER="x y"\n\nLAST=1\n\nNEW=' in text


@SLOW
@given(TEXT.filter(lambda text: not passwords(text)))
def test_set_reads_back_what_stands_on_the_command_line(
    make_stack: Callable[..., Stack], invoke: Invoke, value: str
) -> None:
    stack = make_stack(BEFORE)
    done = invoke("env.set", f"A={value}")
    assert (done.code, done.out) == (0, "A is set in .env; what runs takes it with the next: invoke dev\n"), done.err
    assert read(stack)["A"] == value


@SLOW
@given(TEXT.filter(lambda text: text not in ("", "\n", "\r\n")), st.sampled_from(["\n", "\r\n"]))
def test_set_reads_back_what_comes_in_on_standard_input(
    make_stack: Callable[..., Stack], invoke: Invoke, value: str, end: str
) -> None:
    stack = make_stack(BEFORE)
    # A carriage return before the line end would be a part of it.
    value = value.rstrip("\r")
    done = invoke("env.set", "A", stdin=(value + end).encode())
    if value:
        told = "A is set in .env; what runs takes it with the next: invoke dev\n"
        assert (done.code, done.out) == (0, told), done.err
        assert read(stack)["A"] == value
    else:
        assert done.code == 2


@SLOW
@given(st.lists(TEXT, min_size=30, max_size=30))
def test_init_reads_back(make_stack: Callable[..., Stack], tmp_path: Path, answers: list[str]) -> None:
    names = [f"A{number}" for number in range(len(answers))]
    given = dict(zip(names, answers, strict=True))
    schema = "".join(f"# Only you know.\n# @required\n{name}=\n" for name in names) + "B=2\n"
    # Half of the examples complete a file, half write one.
    (tmp_path / ".env").unlink(missing_ok=True)
    stack = make_stack("B=3\nA1=\n" if answers[0] else None, schema=schema)
    initialise(stack, ask=lambda variable: given[variable.name])
    assert read(stack) == {**given, "B": "3" if answers[0] else "2"}


@pytest.mark.slow
@SLOW
@given(st.lists(WRITTEN, min_size=12, max_size=12), st.sets(st.sampled_from(range(12))))
def test_a_default_means_in_the_file_what_it_means_in_the_schema(
    make_stack: Callable[..., Stack], tmp_path: Path, written: list[str], there: set[int]
) -> None:
    lines = [f"# What it is.\nD{number}={text}\n" for number, text in enumerate(written) if is_entry(text)]
    schema = "S=s\nS1=s1\n" + "".join(lines)
    stack = make_stack(schema, schema=schema)
    try:
        meant = read(stack)
    except EnvFileError:
        # No file can be made of such a schema; an existing one stays as it is.
        make_stack(None, schema=schema).env_file.unlink(missing_ok=True)
        with pytest.raises(EnvFileError):
            initialise(stack)
        assert not stack.env_file.exists()
        return
    for env in (None, "S=s\nS1=s1\n" + "".join(line for number, line in enumerate(lines) if number in there)):
        (tmp_path / ".env").unlink(missing_ok=True)
        stack = make_stack(env, schema=schema)
        initialise(stack)
        assert read(stack) == meant
        compared = difference.compare(stack)
        assert (compared.missing, compared.extra, compared.changed) == ([], [], [])


def is_entry(written: str) -> bool:
    """Whether it is one whole value, which leaves the lines below to themselves."""
    doc = document.parse(f"D={written}\nE=1\n".encode(), Path(".env"))
    return [each.key for each in doc.entries] == ["D", "E"] and all(each.readable for each in doc.entries)


def test_what_refers_to_a_changed_variable_may_change_with_it(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(BEFORE)
    change.change(stack, "A", "new")
    assert read(stack) == {"A": "new", "OTHER": "x new", "LAST": "1"}


@pytest.mark.parametrize("value", ["a\0b", "\udcff"])
def test_what_no_file_can_hold_is_refused(make_stack: Callable[..., Stack], value: str) -> None:
    stack = make_stack("A=1\n")
    with pytest.raises(UsageError, match=r"^A: "):
        change.change(stack, "A", value)
    assert stack.env_file.read_text("utf-8") == "A=1\n"


def test_a_missing_file_is_begun(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(None)
    change.change(stack, "A", "1")
    assert stack.env_file.read_text("utf-8") == "A=1\n"


@pytest.mark.parametrize(
    ("compose", "name", "refused"),
    [
        pytest.param("include: [more.yaml]\n", "TAG", "", id="used in an included file"),
        pytest.param("services: {a: {image: x, environment: [LEVEL]}}\n", "LEVEL", "", id="passed on"),
        pytest.param("services: {a: {image: x}}\n", "DESCRIBED", "", id="commented out in the example"),
        pytest.param("services: {a: {image: x, env_file: .env}}\n", "ANYTHING", "", id="a service gets all"),
        pytest.param("services: {a: {image: x, env_file: .env}}\n", "KNWON", "did you mean KNOWN", id="a typing error"),
        pytest.param("services: {a: {image: x}}\n", "ANYTHING", "not in .env.example", id="nothing reads it"),
    ],
)
def test_a_name_that_something_reads_can_be_set(
    make_stack: Callable[..., Stack], tmp_path: Path, compose: str, name: str, refused: str
) -> None:
    (tmp_path / "more.yaml").write_text("services: {more: {image: 'more:${TAG}'}}\n", encoding="utf-8")
    stack = make_stack("", schema="KNOWN=1\n# DESCRIBED=1\n", compose=compose)
    if refused:
        with pytest.raises(UsageError, match=refused):
            change.find(stack, name)
    else:
        assert change.find(stack, name)[0].name == name


@pytest.mark.parametrize(
    "line", ["A=old\t# why", "A='old'\t# why", 'A="old"# why', "A=old\u00a0# why", "A=old\t# why\r"]
)
@pytest.mark.parametrize("value", ["new", "n w", ""])
def test_a_comment_stays_behind_any_value(make_stack: Callable[..., Stack], line: str, value: str) -> None:
    stack = make_stack(f"{line}\nB=1\n")
    change.change(stack, "A", value)
    assert read(stack) == {"A": value, "B": "1"}
    assert "# why" in stack.env_file.read_text("utf-8").splitlines()[0]
