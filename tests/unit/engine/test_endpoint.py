"""Which engine is asked, by variables and Docker's own files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from upready.engine import endpoint, installation


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Docker's settings, with one context."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    folder = tmp_path / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest()
    folder.mkdir(parents=True)
    content = {"Name": "far", "Endpoints": {"docker": {"Host": "ssh://me@far.example.com"}}}
    (folder / "meta.json").write_text(json.dumps(content), "utf-8")
    return tmp_path


def test_nothing_names_one() -> None:
    assert str(endpoint.asked()) == f"unix://{installation.engine_socket()}"
    assert endpoint.asked().socket == installation.engine_socket()


def test_docker_host_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.7:2375")
    found = endpoint.asked()
    assert (str(found), found.socket, found.ssh) == ("tcp://10.0.0.7:2375", None, False)


def test_a_context_by_variable_or_setting(configuration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (configuration / "config.json").write_text('{"currentContext": "far"}', "utf-8")
    found = endpoint.asked()
    assert str(found) == "ssh://me@far.example.com (docker context far)"
    assert found.ssh
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert endpoint.asked().context == ""


@pytest.mark.parametrize("how", ["variable", "setting"])
def test_a_context_that_does_not_exist(configuration: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "variable":
        monkeypatch.setenv("DOCKER_CONTEXT", "nosuch")
    else:
        (configuration / "config.json").write_text('{"currentContext": "nosuch"}', "utf-8")
    found = endpoint.asked()
    assert (found.url, found.context) == ("", "nosuch")
    assert ("DOCKER_CONTEXT" if how == "variable" else "config.json") in found.source


@pytest.mark.parametrize("content", ["", " \n", '{"currentContext": ""}', '{"currentContext": null, "auths": null}'])
def test_settings_that_name_none(configuration: Path, content: str) -> None:
    (configuration / "config.json").write_text(content, "utf-8")
    found = endpoint.asked()
    assert (found.context, found.problem) == ("", "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not valid JSON"),
        ("[]", "it should be a JSON object"),
        ("null", "it should be a JSON object"),
        ('{"currentContext": 7}', "currentContext should be a name"),
        ('{"auths": []}', "auths should be an object"),
        ('{"proxies": "x"}', "proxies should be an object"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
@pytest.mark.parametrize("host", ["", "tcp://127.0.0.1:2375"])
def test_settings_that_make_no_sense(
    configuration: Path, monkeypatch: pytest.MonkeyPatch, content: str, words: str, host: str
) -> None:
    if host:
        monkeypatch.setenv("DOCKER_HOST", host)
    file = configuration / "config.json"
    file.write_text(content, "utf-8")
    found = endpoint.asked()
    assert str(file) in found.problem
    assert words in found.problem
    assert found.remedy


def test_settings_that_are_no_file(configuration: Path) -> None:
    (configuration / "config.json").mkdir()
    assert "it cannot be read: it is a folder" in endpoint.asked().problem


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ("{}", "names no engine"),
        ("[]", "it should be a JSON object"),
        ('{"Endpoints": {"docker": {"Ho', "not valid JSON"),
        ('{"Endpoints": {"docker": {}}}', "names no engine"),
        ('{"Endpoints": {"docker": {"Host": 7}}}', "names no engine"),
        ('{"Endpoints": [{"Host": "unix:///x"}]}', "names no engine"),
        ('{"Endpoints": {"docker": {"Host": "tcp://h:99999"}}}', "that is no address"),
    ],
)
def test_a_context_that_makes_no_sense(
    configuration: Path, monkeypatch: pytest.MonkeyPatch, meta: str, words: str
) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    next((configuration / "contexts" / "meta").iterdir()).joinpath("meta.json").write_text(meta, "utf-8")
    found = endpoint.asked()
    assert "the docker context 'far'" in found.problem
    assert words in found.problem
    assert found.remedy == "unset DOCKER_CONTEXT"


def test_a_context_brings_its_files_for_tls(configuration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    keys = configuration / "contexts" / "tls" / hashlib.sha256(b"far").hexdigest() / "docker"
    keys.mkdir(parents=True)
    (keys / "ca.pem").touch()
    assert endpoint.asked().tls == {"ca.pem": keys / "ca.pem"}


@pytest.mark.parametrize(
    "url",
    [
        *(
            "tcp://127.0.0.1:99999",
            "tcp://127.0.0.1:0",
            "tcp://127.0.0.1:port",
            "tcp://127.0.0.1",
            "tcp://",
            "nonsense",
        ),
        *("ftp://h:21", "fd://", "unix:", "unix:///", "http://[::1", "ssh://", "ssh://me:secret@h", "tcp://a b:1", ""),
        *("tcp://h:1?x=1", "://"),
    ],
)
def test_an_address_that_leads_nowhere(url: str) -> None:
    assert endpoint.address_problem(url)


@pytest.mark.parametrize(
    "url",
    [
        *("unix:///var/run/docker.sock", "unix://", "npipe:////./pipe/docker_engine", "tcp://127.0.0.1:2375"),
        *("tcp://[::1]:2376", "https://h:2376", "ssh://me@h", "ssh://h:2222", "127.0.0.1:2375", " tcp://h:1 "),
    ],
)
def test_an_address_that_may_lead_to_one(url: str) -> None:
    assert endpoint.address_problem(url) == ""


def test_a_password_in_an_address_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://me:hunter2@10.0.0.7:2375")
    found = endpoint.asked()
    assert found.problem
    assert "hunter2" not in found.problem + str(found)
