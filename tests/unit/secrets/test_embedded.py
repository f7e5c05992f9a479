"""Secrets that no key of the compose model names."""

from __future__ import annotations

import pytest

from upready.secrets import embedded


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["redis-server", "--requirepass", "hunter22"], {"hunter22"}),
        (["app", "--api-token", "t0ken-1", "--verbose"], {"t0ken-1"}),
        (["app", "--password=hunter22"], {"hunter22"}),
        (["app", "--password", "--verbose"], set()),
        (["app", "--user", "me", "--port", "80"], set()),
        (["sh", "-c", "redis-cli --requirepass hunter22 ping"], {"hunter22"}),
        ("curl -H 'Authorization: Bearer abcdef123456' http://u:pass-1@h/", {"abcdef123456", "pass-1"}),
        (None, set()),
        ([1, None], set()),
        (["x", "--password=two words", "--mode=a b"], {"two words", "two"}),
        ("--password=two words", {"two"}),
    ],
)
def test_a_command(words: object, found: set[str]) -> None:
    assert set(embedded.in_command(words)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[db]\npassword = hunter22\nuser = me\n", {"hunter22"}),
        ("mail:\n  password: hunter22\n  host: h\n", {"hunter22"}),
        ('{"db": {"password": "hunter22", "port": 1}}', {"hunter22"}),
        ('{\n  "api_token": "hunter22",\n  "a": 1\n}', {"hunter22"}),
        ("export DB_PASSWORD='two words'\r\n", {"two words"}),
        ("url: postgres://u:pass-1@h/d\n", {"pass-1"}),
        ("password: ${DB_PASSWORD}\ntoken: {{ token }}\napi_key: null\npasswords: [\n", set()),
        ("name: x\n", set()),
    ],
)
def test_a_configuration_file(text: str, found: set[str]) -> None:
    assert {each for each in embedded.in_configuration(text) if found or each} == found
