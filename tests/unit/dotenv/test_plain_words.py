"""On any file whose values are plain words there is no error in dev, whatever its variables are called."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upready.dotenv import check
from upready.dotenv.usages import is_builtin
from upready.stack.selection import Stack

PARTS = ("DB", "POSTGRES", "MYSQL", "REDIS", "API", "APP", "JWT", "SMTP", "S3", "DEBUG", "LOG", "USER", "HOST", "PORT")
ENDS = ("PASSWORD", "TOKEN", "SECRET", "KEY", "URL", "PORT", "NAME", "EMAIL", "ENABLED", "LEVEL", "DSN", "FILE", "TTL")
names = (
    st.lists(st.sampled_from(PARTS + ENDS), min_size=1, max_size=4)
    .map("_".join)
    .filter(lambda each: not is_builtin(each))
)
words = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789äßéñ", min_size=1, max_size=24)
files = st.dictionaries(names, words, min_size=1, max_size=12)
ways = st.sampled_from(["${%s}", "${%s:-x}", "${%s:?is needed}", ""])


@pytest.mark.slow
@given(values=files, way=ways, whole=st.booleans(), listed=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_plain_words_are_no_error(
    make_stack: Callable[..., Stack], values: dict[str, str], way: str, whole: bool, listed: bool
) -> None:
    env = "".join(f"{name}={word}\n" for name, word in values.items())
    used = "".join(f"      USE_{name}: '{way % name}'\n" for name in values if way)
    compose = "services:\n  app:\n    image: app\n"
    compose += f"    environment:\n{used}" if used else ""
    compose += "    env_file: .env\n" if whole else ""
    # A stack's example stays where it was written, so there is always one, perhaps of other variables.
    stack = make_stack(env, schema=env if listed else "OTHER=1\n", compose=compose)
    assert [str(each) for each in check(stack) if each.severity == "error"] == []
