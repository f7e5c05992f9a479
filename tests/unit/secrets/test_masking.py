"""What is known to be secret, and the mask over it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from upready.dotenv import redaction
from upready.secrets import masking
from upready.secrets.masking import Mask
from upready.secrets.secret import MASK


@pytest.fixture
def hiding(tmp_path: Path) -> Iterator[Path]:
    """A process that works on a project."""
    with masking.hiding(tmp_path, redaction.secrets):
        yield tmp_path


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        (["s3cret-value"], "using s3cret-value!", f"using {MASK}!"),
        (["abc-def", "abc-def-ghi"], "abc-def-ghi abc-def", f"{MASK} {MASK}"),
        (['qu"ote\\é'], json.dumps('qu"ote\\é'), f'"{MASK}"'),
        (['qu"ote\\é'], json.dumps(json.dumps('qu"ote\\é'), ensure_ascii=False), f'"\\"{MASK}\\""'),
        (["p@ss/w rd"], "postgres://u:p%40ss%2Fw%20rd@h and p@ss/w rd", f"postgres://u:{MASK}@h and {MASK}"),
        (["a/b/c/d"], '{"key":"a\\/b\\/c\\/d"}', f'{{"key":"{MASK}"}}'),
        (["line one is long\nline two is long"], "x line two is long y", f"x {MASK} y"),
        ([], "postgres://u:unknown@h/db", f"postgres://u:{MASK}@h/db"),
        # A word of letters alone is hidden only where it stands alone.
        (["hunter"], "hunter hunters my_hunter", f"{MASK} hunters my_{MASK}"),
        # Ordinary words and short numbers stay: hidden, they would leave nothing readable.
        (["test", "abc", "true", "password", "postgres", "5432"], "test abc true password postgres 5432", None),
    ],
)
def test_a_text_is_masked(secrets: list[str], text: str, shown: str | None) -> None:
    mask = Mask(secrets)
    assert mask.text(text) == (text if shown is None else shown)
    assert mask.may_touch(text) == (shown is not None)


def test_an_ordinary_word_is_masked_where_its_form_tells() -> None:
    mask = Mask(["test", "backend"], spared=["backend"])
    assert mask.text("password=test db_password=backend mode=test") == f"password={MASK} db_password={MASK} mode=test"
    assert mask.text("redis://:test@backend") == f"redis://:{MASK}@backend"
    assert mask.may_touch("password=test") and not mask.may_touch("test backend")


def test_a_value_of_json_is_masked_with_its_keys() -> None:
    mask = Mask(["s3cret-value", "12345678"])
    value = {"a": ["x s3cret-value", {"s3cret-value": 12345678}], "b": True, "c": None, "d": 1.5}
    assert mask.value(value) == {"a": [f"x {MASK}", {MASK: MASK}], "b": True, "c": None, "d": 1.5}


def test_looking_costs_little() -> None:
    mask = Mask([f"{number:02}-secret-value" for number in range(20)])
    text = "\n".join(
        ["GET /items/42 answered 200 after 3 ms; as long as lines of a log are, about 100 characters"] * 10_000
    )
    began = time.process_time()
    assert not mask.may_touch(text)
    assert time.process_time() - began < 0.5


def test_nothing_is_hidden_outside_a_task() -> None:
    masking.know("test", lambda: ["s3cret-value"])
    assert masking.hide("s3cret-value postgres://u:p@h") == "s3cret-value postgres://u:p@h"


def test_what_becomes_known_is_hidden_from_then_on(hiding: Path) -> None:
    assert masking.hide("s3cret-value other-value") == "s3cret-value other-value"
    masking.know("one", lambda: ["s3cret-value"])
    assert masking.hide("s3cret-value other-value") == f"{MASK} other-value"
    masking.know("one", lambda: ["other-value"])
    assert masking.hide_in(["s3cret-value", "other-value"]) == ["s3cret-value", MASK]
    masking.reveal()
    assert masking.hide("other-value") == "other-value"


def test_the_file_is_read_again_when_it_may_have_changed(hiding: Path) -> None:
    (hiding / ".env").write_text("API_TOKEN=first-value\n", "utf-8")
    assert masking.hide("first-value second-value") == f"{MASK} second-value"
    (hiding / ".env").write_text("API_TOKEN=second-value\n", "utf-8")
    masking.know_env(hiding)
    assert masking.hide("first-value second-value") == f"first-value {MASK}"


def test_the_name_of_a_service_is_spared(hiding: Path) -> None:
    masking.know("one", lambda: ["frontend", "s3cret-value"])
    masking.spare(["frontend"])
    assert masking.hide("frontend is ready, s3cret-value") == f"frontend is ready, {MASK}"


def test_what_cannot_be_read_stops_nothing(hiding: Path) -> None:
    def broken() -> list[str]:
        raise PermissionError

    masking.know("broken", broken)
    masking.know("whole", lambda: ["s3cret-value"])
    assert masking.hide("s3cret-value") == MASK


def test_what_a_container_was_given(hiding: Path) -> None:
    (hiding / "token").write_text("file-value-1\n", "utf-8")
    mounts = [
        {"Type": "bind", "Source": str(hiding / "token"), "Destination": "/run/secrets/token"},
        {"Type": "bind", "Source": str(hiding), "Destination": "/run/secrets/folder"},
        {"Type": "bind", "Source": str(hiding / "gone"), "Destination": "/run/secrets/gone"},
    ]
    config = {
        "Env": ["API_TOKEN=env-value-1", "URL=redis://:url-value-1@r", "MODE=visible"],
        "Cmd": ["serve", "--password=cmd-value-1"],
        "Entrypoint": None,
    }
    masking.know_container({"Id": "1", "Config": config, "Mounts": mounts})
    text = "env-value-1 url-value-1 cmd-value-1 file-value-1 visible"
    assert masking.hide(text) == f"{MASK} {MASK} {MASK} {MASK} visible"
