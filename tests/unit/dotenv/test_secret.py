"""What is told to be a secret by its name or its form, and how it is masked within other texts."""

from __future__ import annotations

import time

import pytest

from upready.secrets.secret import MASK, looks_secret, masked, passwords, worth_hiding


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("POSTGRES_PASSWORD", True),
        ("PGPASSWORD", True),
        ("dbPassword", True),
        ("DBPASS", True),
        ("DB_PASS", True),
        ("DB_PWD", True),
        ("API_KEY", True),
        ("OPENROUTER_API_KEY", True),
        ("apiKey", True),
        ("TLS_KEY", True),
        ("aws_secret_access_key", True),
        ("VAULT_SECRET_ID", True),
        ("SECRET", True),
        ("GITHUBTOKEN", True),
        ("API_TOKENS", True),
        ("SENTRY_DSN", True),
        ("AWS_ACCESS_KEY_ID", False),
        ("DB_PASSWORD_FILE", False),
        ("TOKEN_TTL", False),
        ("MAX_TOKENS", False),
        ("TOKENIZER", False),
        ("PWD", False),
        ("OLDPWD", False),
        ("KEYBOARD", False),
        ("MONKEY", False),
        ("COMPASS", False),
        ("BYPASS", False),
        ("PUBLIC_KEY", False),
        ("PASSENGERS", False),
    ],
)
def test_names_that_say_secret(name: str, secret: bool) -> None:
    assert looks_secret(name) == secret


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:PW@h/x", f"https://me:{MASK}@h/x"),
        ("redis://:PW@r", f"redis://:{MASK}@r"),
        ("postgres://u:p@s/s@h/db", f"postgres://u:{MASK}@h/db"),
        ("postgres://u:pa/ss@h/db", f"postgres://u:{MASK}@h/db"),
        ("postgres://u@h:5432/db", "postgres://u@h:5432/db"),
        ("http://h:80/@x", "http://h:80/@x"),
        ("http://[::1]:80/@x", "http://[::1]:80/@x"),
        ("postgres://h/db?user=u&password=PW&sslmode=off", f"postgres://h/db?user=u&password={MASK}&sslmode=off"),
        ("Host=h;Password=PW;Port=1", f"Host=h;Password={MASK};Port=1"),
        ("host=h password=PW", f"host=h password={MASK}"),
        ("run --password=PW --max-tokens=9", f"run --password={MASK} --max-tokens=9"),
        ("an mail to me@example.com: no", "an mail to me@example.com: no"),
    ],
)
def test_passwords_by_their_form(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert bool(passwords(text)) == (text != shown)


def test_known_secrets_are_masked_within_other_texts_the_longest_first() -> None:
    hidden = worth_hiding(["abcd", "abcdef", "abc", "first line\nsecond line", "${DB_PASS}"])
    assert masked("abcdef abcd abc", hidden) == f"{MASK} {MASK} abc"
    assert masked("u:${DB_PASS}", hidden) == "u:${DB_PASS}"
    assert masked("compose: line 2: second line!", hidden) == f"compose: line 2: {MASK}!"


@pytest.mark.parametrize("text", ["://:" * 10_000, "-" * 100_000, "a=" * 50_000, "a" * 100_000])
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()  # other work on the machine does not count
    masked(text)
    assert time.process_time() - began < 2


def test_each_secret_of_a_list_is_looked_for() -> None:
    keys = "planning:kY8vQ2mZ7tR4wX1n, reports:pL5sH0jV8aE2uM7q:read"
    assert set(worth_hiding([keys])) == {keys, "kY8vQ2mZ7tR4wX1n", "pL5sH0jV8aE2uM7q"}
    for none in ("postgres://user:kY8vQ2mZ7tR4wX1n@h", "db:5432", "a,b:kY8vQ2mZ7tR4wX1n", "some text: with words"):
        assert worth_hiding([none]) == [none]
