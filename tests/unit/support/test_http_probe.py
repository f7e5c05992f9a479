"""Probes against real servers of this process: what counts as an answer, and that nothing holds one up."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from upready.support import http_probe

Talk = Callable[[socket.socket], None]
Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that has a talk with everybody who connects; gives its URL."""
    listeners = []

    def start(talk: Talk, *, greeted: bool = True) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=hold, args=(client,), daemon=True).start()

        def hold(client: socket.socket) -> None:
            with contextlib.suppress(OSError), client:
                if greeted:
                    client.recv(65536)
                talk(client)

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/health"

    yield start
    for listener in listeners:
        listener.close()


def saying(body: bytes, status: str = "200 OK", *headers: str) -> Talk:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return lambda client: client.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("talk", "ok", "error", "status"),
    [
        (saying(b'{"status": "healthy"}'), True, None, "healthy"),
        (saying(b'{"status": "Degraded", "checks": {"db": {"status": "ok"}}}'), True, None, "degraded"),
        (saying(b""), True, None, ""),
        (saying(b"", "204 No Content"), True, None, ""),
        (saying(b"<html>fine</html>"), True, None, ""),
        (saying(b"[" * 100_000), True, None, ""),
        (saying(b'{"status": 7, "checks": []}'), True, None, ""),
        (saying(b'["healthy"]'), True, None, ""),
        (saying(b"\xff\xfe\x00"), True, None, ""),
        (saying(b'{"status": "unhealthy"}'), False, "says that it is unhealthy", "unhealthy"),
        (saying(b'{"status": "unhealthy"}', "503 Service Unavailable"), False, "HTTP 503", "unhealthy"),
        (saying(b"", "404 Not Found"), False, "HTTP 404", ""),
        (saying(b"", "302 Found", "Location: /login"), False, "redirects to /login", ""),
        (saying(b"", "300 Multiple Choices", "Location: /a"), False, "redirects to /a", ""),
        (saying(b"", "400 Bad Request", "Location: /a"), False, "HTTP 400", ""),
        (saying(b"", "304 Not Modified"), False, "HTTP 304", ""),
        (lambda client: None, False, "connection closed without an answer", ""),
        (lambda client: client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"), False, "answers, but not in HTTP", ""),
        (
            lambda client: client.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500),
            False,
            "answers, but not in HTTP",
            "",
        ),
    ],
)
def test_answers(serve: Serve, talk: Talk, ok: bool, error: str | None, status: str) -> None:
    answer = http_probe.ask(serve(talk))
    assert answer.ok is ok
    assert answer.error == error
    assert answer.status == status


@pytest.mark.parametrize("target", ["/health", "/", "/health?deep=1&a=b"])
def test_the_request_is_one_that_every_server_understands(serve: Serve, target: str) -> None:
    heard: list[bytes] = []

    def listen(client: socket.socket) -> None:
        heard.append(client.recv(65536))
        saying(b"")(client)

    address = serve(listen, greeted=False).removesuffix("/health")
    assert http_probe.ask(address + target.removesuffix("/") + "#part").ok
    line, *headers = heard[0].decode().strip().split("\r\n")
    assert line == f"GET {target} HTTP/1.1"
    assert sorted(headers) == [
        "Accept-Encoding: identity",
        "Accept: application/json, */*",
        "Connection: close",
        f"Host: {address.removeprefix('http://')}",
        "User-Agent: invoke-health",
    ]


@pytest.mark.parametrize(("status", "error"), [("200 OK", None), ("503 Service Unavailable", "HTTP 503")])
def test_an_answer_as_a_document(serve: Serve, status: str, error: str | None) -> None:
    url = serve(saying(b"{}", status))
    answer = http_probe.ask(url)
    assert answer.latency_ms is not None
    told = {"url": url, "status_code": int(status[:3]), "latency_ms": answer.latency_ms, "error": error}
    assert answer.as_dict() == told


def test_what_did_not_answer_as_a_document(free_port: Callable[[], int]) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    told = {"url": url, "status_code": None, "latency_ms": None, "error": "connection refused"}
    assert http_probe.ask(url).as_dict() == told


def test_the_latency_is_in_milliseconds_with_one_decimal(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=iter([10.0, 10.01234]).__next__)
    monkeypatch.setattr(http_probe, "time", clock)
    monkeypatch.setattr(http_probe, "_get", lambda *_: (200, None, b""))
    assert http_probe.ask("http://127.0.0.1/").latency_ms == 12.3


def test_checks_of_an_answer(serve: Serve) -> None:
    assert http_probe.ask(serve(saying(b'{"checks": {"db": {"status": "ok"}}}'))).checks == {"db": {"status": "ok"}}
    assert http_probe.ask(serve(saying(b'{"checks": "none"}'))).checks == {}


def test_a_flood_is_cut(serve: Serve) -> None:
    sent = []

    def flood(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            client.sendall(b"x" * 65536)
            sent.append(1)

    answer = http_probe.ask(serve(flood))
    assert answer.ok
    assert answer.answer == {}
    assert len(sent) < 200  # what fits into the system's own buffers, and not without end


def silent(client: socket.socket) -> None:
    client.recv(1)


def trickle(client: socket.socket) -> None:
    for _ in range(100):
        client.sendall(b"H")
        time.sleep(0.1)


def trickle_the_body(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    trickle(client)


def unnamed(protocol: int) -> ssl.SSLContext:
    """One end of TLS without certificates."""
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.parametrize("talk", [saying(b'{"status": "degraded"}'), trickle])
def test_the_limit_holds_for_tls_too(serve: Serve, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    def encrypted(client: socket.socket) -> None:
        with unnamed(ssl.PROTOCOL_TLS_SERVER).wrap_socket(client, server_side=True) as inner:
            inner.recv(65536)
            talk(inner)

    monkeypatch.setattr(ssl, "create_default_context", lambda: unnamed(ssl.PROTOCOL_TLS_CLIENT))
    url = serve(encrypted, greeted=False).replace("http:", "https:")
    began = time.monotonic()
    answer = http_probe.ask(url, timeout=0.4)
    assert time.monotonic() - began < 30
    if talk is trickle:
        assert answer.error == "no answer within 0.4 s"
    else:
        assert (answer.error, answer.status) == (None, "degraded")


def test_tls_is_told_the_name_of_the_host_which_it_checks(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str | None] = []

    def encrypted(client: socket.socket) -> None:
        context = unnamed(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = lambda _, name, __: names.append(name)
        with context.wrap_socket(client, server_side=True) as inner:
            inner.recv(65536)
            saying(b"")(inner)

    monkeypatch.setattr(ssl, "create_default_context", lambda: unnamed(ssl.PROTOCOL_TLS_CLIENT))
    url = serve(encrypted, greeted=False).replace("http://127.0.0.1", "https://localhost")
    assert http_probe.ask(url, timeout=20).ok
    assert names == ["localhost"]


def test_the_limit_holds_for_the_greeting_of_tls(serve: Serve) -> None:
    ended = threading.Event()
    url = serve(lambda _: ended.wait(20), greeted=False).replace("http:", "https:")
    assert http_probe.ask(url, timeout=0.4).error == "no answer within 0.4 s"
    ended.set()


@pytest.mark.parametrize("talk", [silent, trickle, trickle_the_body])
def test_the_limit_holds_for_the_whole_answer(serve: Serve, talk: Talk) -> None:
    url = serve(talk)
    began = time.monotonic()
    answer = http_probe.ask(url, timeout=0.4)
    assert answer.error == "no answer within 0.4 s"
    assert answer.status_code is None
    assert time.monotonic() - began < 30


def test_an_answer_longer_than_is_read_counts_by_its_code(serve: Serve) -> None:
    padding = b" " * 2 * http_probe.LONGEST
    assert http_probe.ask(serve(saying(padding + b'{"status": "unhealthy"}'))).ok
    assert not http_probe.ask(serve(saying(padding + b'{"status": "unhealthy"}', "503 Service Unavailable"))).ok


def test_nobody_there(free_port: Callable[[], int]) -> None:
    assert http_probe.ask(f"http://127.0.0.1:{free_port()}/").error == "connection refused"


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("ftp://127.0.0.1/", "not a URL that can be asked"),
        ("127.0.0.1:80", "not a URL that can be asked"),
        ("http://127.0.0.1:99999/", "not a URL that can be asked"),
        ("http://127.0.0.1:1/a b\n", "not a URL that can be asked"),
        ("http://nowhere.invalid/", "its host name is not known"),
    ],
)
def test_urls_that_cannot_be_asked(url: str, error: str) -> None:
    answer = http_probe.ask(url, timeout=20)
    assert answer.error == error
    assert not answer.ok


def test_no_proxy_of_the_environment_is_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert http_probe.ask(serve(saying(b"{}"))).ok


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://0.0.0.0:8000/health", "http://127.0.0.1:8000/health"),
        ("http://me@0.0.0.0:8000/", "http://me@127.0.0.1:8000/"),
        ("http://[::]:8000/health", "http://[::1]:8000/health"),
        ("http://localhost:8000/a?b=0.0.0.0", "http://localhost:8000/a?b=0.0.0.0"),
        ("http://10.0.0.0.0:1/", "http://10.0.0.0.0:1/"),
    ],
)
def test_wildcards_are_asked_at_the_loopback(url: str, asked: str) -> None:
    assert http_probe.reachable(url) == asked


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_a_url_without_a_port_has_its_schemes(monkeypatch: pytest.MonkeyPatch, scheme: str, port: int) -> None:
    asked: list[object] = []

    def refuse(address: object, timeout: float) -> socket.socket:
        asked.append(address)
        assert 0 < timeout <= http_probe.TIMEOUT
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    assert http_probe.ask(f"{scheme}://127.0.0.1/health").error == "connection refused"
    assert asked == [("127.0.0.1", port)]


@pytest.mark.parametrize(
    ("failure", "error"),
    [(OSError(113, "No route to host"), "No route to host"), (OSError("no way"), "no way")],
)
def test_what_the_system_says_is_told(monkeypatch: pytest.MonkeyPatch, failure: OSError, error: str) -> None:
    def fail(*_: object, **__: object) -> socket.socket:
        raise failure

    monkeypatch.setattr(socket, "create_connection", fail)
    assert http_probe.ask("http://127.0.0.1/health").error == error
