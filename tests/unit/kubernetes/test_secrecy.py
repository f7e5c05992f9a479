"""No value of a secret is in an export, unless it was asked for."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.unit.kubernetes.objects import Export, Objects
from upready.operations import export as exports
from upready.secrets import masking

pytestmark = pytest.mark.costly

PASSWORD, TOKEN, KEY = "Zq8sKj2mNn4pRr6tVv8x", "tok-77f3c2a1b9d8e6", "k3y-of-the-file-99887766"

STACK = f"""\
name: shop
services:
  web:
    image: x
    command: [serve, --token, {TOKEN}, "$$(date) $$HOME"]
    environment:
      DB_PASSWORD: {PASSWORD}
      DATABASE_URL: postgres://shop:{PASSWORD}@db/shop
      SETUP: "ALTER ROLE x PASSWORD '{PASSWORD}';"
      TITLE: "shop $$(whoami) $$$$"
    labels: {{org.example.note: "password={PASSWORD}", org.example.plain: "1"}}
    healthcheck: {{test: [CMD, ask, --password, {PASSWORD}]}}
    secrets: [key, {{source: typed, target: /etc/typed}}]
    configs:
      - {{source: plain, target: /etc/plain.conf}}
      - {{source: closed, target: /etc/closed.conf}}
    post_start: [{{command: [note, --password, {PASSWORD}]}}]
    x-ops: {{health: "http://127.0.0.1:8000/health?key={PASSWORD}"}}
    ports: ["127.0.0.1:8000:80"]
secrets:
  key: {{file: ./key.txt}}
  typed: {{environment: TYPED}}
configs:
  plain: {{content: "colour=blue\\ncost=$$5\\n"}}
  closed: {{content: "password = {PASSWORD}\\n"}}
"""


@pytest.fixture
def shop(export: Export, tmp_path: Path) -> Objects:
    (tmp_path / "key.txt").write_text(f"{KEY}\n", encoding="utf-8")
    return export(STACK, env=f"TYPED={TOKEN}-typed\n")


def test_no_value_is_in_any_file_nor_in_the_document(shop: Objects) -> None:
    everything = "\n".join([*exports.texts(shop.exported).values(), json.dumps(shop.exported.as_dict()), shop.text])
    for value in (PASSWORD, TOKEN, KEY):
        assert value not in everything
        assert base64.b64encode(value.encode()).decode().rstrip("=")[:-2] not in everything


def test_each_is_referred_to(shop: Objects) -> None:
    environment = {each["name"]: each for each in shop.container("web")["env"]}
    for name in ("DB_PASSWORD", "DATABASE_URL", "SETUP"):
        reference = environment[name]["valueFrom"]["secretKeyRef"]
        assert reference == {"name": "web-env", "key": name}
    # A word of a command by a variable; what only looks like one to Kubernetes stays as it is.
    assert shop.container("web")["args"] == ["serve", "--token", "$(COMMAND_2)", "$$(date) $HOME"]
    assert environment["TITLE"]["value"] == "shop $$(whoami) $$$"
    assert "healthcheck.test" in {key for _, key in shop.lost}
    assert {("web", "labels"), ("web", "post_start")} <= shop.lost.keys()
    annotations = shop.one("Deployment", "web")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["org.example.plain"] == "1"
    assert "org.example.note" not in annotations
    assert shop.one("ConfigMap", "plain")["data"] == {"plain": "colour=blue\ncost=$5\n"}
    assert shop.names("ConfigMap") == ["plain"], "a config with a password is a Secret"
    mounts = {each["mountPath"]: each for each in shop.container("web")["volumeMounts"]}
    assert set(mounts) == {"/run/secrets/key", "/etc/typed", "/etc/plain.conf", "/etc/closed.conf"}


def test_the_list_names_the_secrets_and_the_commands_that_make_them(shop: Objects) -> None:
    readme = exports.texts(shop.exported)["README.md"]
    assert "invoke export kubernetes --env dev --secrets | kubectl apply --namespace shop --server-side -f -" in readme
    assert "kubectl create secret generic key --namespace shop --from-file=key=FILE" in readme
    assert "| `typed` | `typed` |" in readme
    named = {each["name"]: each["keys"] for each in shop.exported.as_dict()["secrets"]}
    keys = ["COMMAND_2", "DATABASE_URL", "DB_PASSWORD", "SETUP"]
    assert named == {"web-env": keys, "key": ["key"], "typed": ["typed"], "closed": ["closed"]}


def test_the_values_are_there_for_whoever_asks(shop: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "reveal", lambda: None)
    found = {each["metadata"]["name"]: each["data"] for each in exports.secrets(shop.exported)}
    plain = {name: {key: base64.b64decode(each).decode() for key, each in data.items()} for name, data in found.items()}
    assert plain == {
        "web-env": {
            "COMMAND_2": TOKEN,
            "DB_PASSWORD": PASSWORD,
            "DATABASE_URL": f"postgres://shop:{PASSWORD}@db/shop",
            "SETUP": f"ALTER ROLE x PASSWORD '{PASSWORD}';",
        },
        "key": {"key": f"{KEY}\n"},
        "typed": {"typed": f"{TOKEN}-typed"},
        "closed": {"closed": f"password = {PASSWORD}\n"},
    }


def test_a_secret_that_comes_by_another_key_is_masked_and_told(export: Export) -> None:
    found = export(
        f"""\
name: shop
services:
  web:
    image: x
    working_dir: /srv/{PASSWORD}
    environment: {{DB_PASSWORD: {PASSWORD}}}
"""
    )
    assert PASSWORD not in found.text
    assert "it holds a secret" in "\n".join(found.lost.values())
