"""A value that was meant to be replaced."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.costly

SCHEMA = """\
# @required @sensitive @example=sk-or-v1-0123456789abcdef
KEY=
# @sensitive
OPTIONAL_TOKEN=
# @example=127.0.0.1
ADDRESS=0.0.0.0
"""

CASES = [
    pytest.param("KEY=sk-or-v1-8d7f6a5b4c3d2e1f\n", [], id="a real key"),
    pytest.param("KEY=sk-or-v1-0123456789abcdef\n", ["1:5 error KEY"], id="the schema's example"),
    pytest.param("KEY=changeme\n", ["1:5 error KEY"], id="changeme"),
    pytest.param("KEY=CHANGEME123\n", ["1:5 error KEY"], id="changeme and digits"),
    pytest.param("KEY=change_me_please\n", ["1:5 error KEY"], id="change_me_please"),
    pytest.param("KEY='<your key>'\n", ["1:5 error KEY"], id="angle brackets"),
    pytest.param("KEY=your-api-key-here\n", ["1:5 error KEY"], id="your key here"),
    pytest.param("KEY=sk-or-your-key\n", ["1:5 error KEY"], id="your key"),
    pytest.param("KEY=xxxxxxxx\n", ["1:5 error KEY"], id="crosses"),
    pytest.param("KEY=TODO\n", ["1:5 error KEY"], id="todo"),
    pytest.param(
        "KEY=k-123456\nOPTIONAL_TOKEN=changeme\n", ["2:16 warning OPTIONAL_TOKEN"], id="a warning where it is optional"
    ),
    pytest.param("KEY=k-123456\nADDRESS=127.0.0.1\n", [], id="an example that is a fine value"),
    pytest.param("KEY=k-123456\nADDRESS=here\n", [], id="a word in no secret"),
    pytest.param("KEY=\n", [], id="empty"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_placeholder(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("placeholder", env, schema=SCHEMA) == expected


def test_strict_makes_every_placeholder_an_error(found_by: Callable[..., list[str]]) -> None:
    assert found_by("placeholder", "OPTIONAL_TOKEN=changeme\n", schema=SCHEMA, strict=True) == [
        "1:16 error OPTIONAL_TOKEN"
    ]


def test_a_placeholder_left_as_a_schema_without_decorators_has_it(found_by: Callable[..., list[str]]) -> None:
    env = "MAIL_FROM=your-name\nOTHER=changed\n"
    assert found_by("placeholder", env, schema="MAIL_FROM=your-name\nOTHER=change-me\n") == ["1:11 warning MAIL_FROM"]


REQUESTS = """
generate_a_new_key pleasechangeme please-change-me change_this_password YourStrong!Passw0rd yourStrong(!)Password
strong_password a_long_random_string use-a-strong-password replace_with_your_key <your-key> [YOUR_KEY] {{api_key}}
xxxxxxxx sk-xxxxxxxx sk-... ghp_xxxxxxxxxxxx your-super-secret-jwt-token-with-at-least-32-characters-long changeit
CHANGE_IN_PRODUCTION ChangeMe123! my-secret-key insert_token_here put-your-key-here
generate-with-openssl-rand-hex-32 yourpassword TODO redacted secretkey-change-me ChangeThisHubPassword
get_the_secret_of_above_key your_api_key_here REPLACE_ME enter_your_token random_string_here
"""


@pytest.mark.parametrize(
    "text",
    REQUESTS.split(),
)
def test_what_asks_for_a_secret(found_by: Callable[..., list[str]], text: str) -> None:
    assert found_by("placeholder", f"A_SECRET='{text}'\n") == ["1:10 warning A_SECRET"]


BAD_SECRETS = """
q6xCjmMtnGt9LR8jGDL1 postgres password hunter2 correct-horse-battery-staple s3cr3t-Pa55phrase-of-Anna
changing-Of-The-Guards-1987 yourself-portrait-88 0f3a9c7712e84410 admin supersecret mysecretpassword
"""


@pytest.mark.parametrize(
    "text",
    BAD_SECRETS.split(),
)
def test_what_is_a_secret_if_a_bad_one(found_by: Callable[..., list[str]], text: str) -> None:
    assert found_by("placeholder", f"A_SECRET='{text}'\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '["http://localhost:3000","https://a.example"]',
        "[1, 2]",
        "[a, b]",
        "[::1]",
        "[::]:8080",
        "My Company Name",
        "my_url_prefix",
        "my-app",
        "todo",
        "dummy",
        "placeholder.example.com",
        "name <me@example.com>",
        "<br>",
        "{{.Time}} {{.Level}}",
        "%s [%d] %m",
        "* * * * *",
        "change-data-capture",
        "Some User",
        "over here",
        "example.com",
        "admin@example.com",
        "insert_only",
        "your",
    ],
)
def test_a_real_value_that_the_example_has_too(found_by: Callable[..., list[str]], text: str) -> None:
    assert found_by("placeholder", f"A='{text}'\n", schema=f"A='{text}'\n") == []


REQUESTS_FOR_ANYTHING = """
your-domain.com yourdomain.com https://your-domain.com/x you@your-domain.com <your-domain> changeme YOUR_BUCKET_NAME
your_email@gmail.com TODO replace-with-your-domain http://your-server-ip:8080
"""


@pytest.mark.parametrize(
    "text",
    REQUESTS_FOR_ANYTHING.split(),
)
def test_what_asks_for_any_value(found_by: Callable[..., list[str]], text: str) -> None:
    assert found_by("placeholder", f"A='{text}'\n") == ["1:3 warning A"]


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    why = "it looks set, so no program reports it as missing, and the service that uses it fails"
    assert told_by("placeholder", "KEY=changeme\nOPTIONAL_TOKEN=changeme\n", schema=SCHEMA) == [
        ("KEY is still a placeholder", why, "a value looks like sk-or-v1-0123456789abcdef: invoke env.set KEY"),
        ("OPTIONAL_TOKEN is still a placeholder", why, "invoke env.set OPTIONAL_TOKEN"),
    ]


def test_the_example_of_what_only_a_person_knows_is_a_placeholder(found_by: Callable[..., list[str]]) -> None:
    schema = (
        "# @required @example=me@here.net\nMAIL=\n# @required @example=me@here.net\nFROM=x\n# @example=a.net\nSITE=\n"
    )
    assert found_by("placeholder", "MAIL=' me@here.net '\nFROM=me@here.net\nSITE=a.net\n", schema=schema) == [
        "1:6 error MAIL"
    ]
    # With an example, words that ask for a secret are one, too.
    assert found_by("placeholder", "MAIL=random_string_here\nFROM=x\n", schema=schema) == ["1:6 error MAIL"]


def test_words_are_one_where_the_name_may_be_that_of_a_secret(found_by: Callable[..., list[str]]) -> None:
    declared = "# @public\nA_TOKEN=\n"
    assert found_by("placeholder", "A_TOKEN=my-secret-key\nA=my-secret-key\n", schema=declared) == [
        "1:9 warning A_TOKEN"
    ]


def test_a_default_of_a_compose_file_is_not_the_users(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {a: {image: 'a:${A_TOKEN:-changeme}'}}\n"
    assert found_by("placeholder", "B=1\n", compose=compose) == []
