"""The secrets of a stack, from its merged model."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.diagnosis import evidence
from upready.stack import model, model_secrets
from upready.stack.selection import Stack

COMPOSE = """
services:
  a:
    image: x
    command: [run, --password=command-value, "--visible=shown-value"]
    environment:
      API_TOKEN: token-$$value
      DATABASE_URL: postgresql://user:url-value@db/name
      POSTGRES_PASSWORD_FILE: /run/secrets/shown-path
      MODE: shown-mode
      SHORT_TOKEN: abc
    build: {context: ., args: {NPM_TOKEN: arg-value}}
    healthcheck: {test: "curl http://u:check-value@localhost/"}
    volumes: ["share:/share"]
    secrets: [plain, given, gone]
    configs: [open, named, content]
    x-ops: {native: {command: [x], environment: {NATIVE_TOKEN: native-value, PIN_TOKEN: 12345678, PORT: 8765}}}
  off: {image: x, profiles: [other], environment: {OTHER_TOKEN: other-value}}
secrets:
  plain: {file: ./plain.txt}
  given: {environment: GIVEN}
  gone: {file: ./gone.txt}
configs:
  open: {environment: OPEN}
  named: {environment: NAMED_TOKEN}
  content: {content: "url: redis://:content-value@r"}
volumes:
  share: {driver_opts: {type: cifs, o: "username=u,password=volume-value"}}
"""


def test_whatever_is_called_a_secret(make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIVEN", "given-value")
    monkeypatch.setenv("OPEN", "shown-open")
    stack = make_stack(COMPOSE, env="NAMED_TOKEN=named-value\n", profiles=["*"])
    (stack.root / "plain.txt").write_text("plain-value\n", "utf-8")
    found = model_secrets.gather(model.load(stack))
    assert found == {
        "token-$value",
        "url-value",
        "command-value",
        "arg-value",
        "check-value",
        "native-value",
        "12345678",
        "other-value",
        "plain-value",
        "given-value",
        "named-value",
        "content-value",
        "volume-value",
    }


def test_of_two_secrets_the_longer_one_is_hidden_first(make_stack: Callable[..., Stack]) -> None:
    """Else a secret that holds another would be hidden in part only."""
    text = "services: {a: {image: x, environment: {A_TOKEN: long-secret-value, B_TOKEN: secret-value}}}"
    found = [each for each in evidence.secrets(model.load(make_stack(text))) if each.endswith("secret-value")]
    assert found == ["long-secret-value", "secret-value"]
