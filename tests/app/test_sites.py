"""For whom browsers may ask: hosts, origins, and the headers that tell them to trust an answer no more than needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from app.headers import content_security_policy, script_hashes
from app.settings import Settings
from tests.app.test_access import KEYS, bearer
from tests.conftest import ROOT

Serve = Callable[..., httpx.Client]
ORIGIN = "https://app.example.com"
REBOUND = {"Host": "evil.example"}


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST.",
        "127.0.0.1:8000",
        "[::1]:8000",
        "192.0.2.7",
        "a.localhost",
        "own",
        "x.b.com",
    ],
)
def test_it_answers_under_its_own_names(serve_once: Serve, host: str) -> None:
    client = serve_once(api_hosts="own, *.B.com")
    assert client.get("/api/v1/diagram-types", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "b.com", "localhost.evil.example", "[evil]", ""])
def test_a_name_that_leads_here_by_dns_rebinding_is_refused(serve_once: Serve, host: str) -> None:
    client = serve_once(api_hosts="own, *.B.com")
    for path in ("/", "/health", "/api/v1/diagram-types"):
        answer = client.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["type"]) == (421, "host-unknown")


def test_the_name_of_a_container_may_be_long(settings: Callable[..., Settings]) -> None:
    assert settings(api_hosts=f"{'p' * 80}-ai-service-1,,").api_hosts == (f"{'p' * 80}-ai-service-1",)


@pytest.mark.parametrize(
    ("domain", "hosts", "known"),
    [("", "", ()), ("d.example", "", ("d.example",)), ("d.example", "own", ("d.example", "own"))],
)
def test_production_knows_its_domain(
    settings: Callable[..., Settings], tmp_path: Path, domain: str, hosts: str, known: tuple[str, ...]
) -> None:
    given = {"DOMAIN": domain, "API_HOSTS": hosts, "POSTGRES_PASSWORD": "x", "POSTGRES_API_PASSWORD": "x"}
    file = tmp_path / "values"
    file.write_text("".join(f"{name}={value}\n" for name, value in given.items()), encoding="utf-8")
    line = [
        Path(sys.executable).with_name("docker-compose"),
        "--project-directory",
        ROOT,
        "--env-file",
        file,
        "-p",
        "x",
    ]
    files = ("-f", ROOT / "compose" / "base.yaml", "-f", ROOT / "compose" / "prod.yaml")
    environment = {name: value for name, value in os.environ.items() if name not in given}
    done = subprocess.run(
        [*line, *files, "config", "ai-service"], capture_output=True, check=True, encoding="utf-8", env=environment
    )
    said = re.search(r"API_HOSTS: (.*)", done.stdout)
    assert said is not None
    assert settings(api_hosts=said[1].strip("'\"")).api_hosts == known


def test_any_name_leads_to_a_fresh_server_and_gains_nothing(serve: Serve) -> None:
    client = serve(api_keys=KEYS)
    assert client.get("/", headers=REBOUND).status_code == 200
    assert client.get("/api/v1/diagrams", headers=REBOUND).status_code == 401
    # Where no key is needed, or names are given, others are refused.
    assert serve(api_keys=KEYS, api_allow_anonymous="true").get("/", headers=REBOUND).status_code == 421
    assert serve(api_keys=KEYS, api_hosts="own").get("/", headers=REBOUND).status_code == 421


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "https://app.example.com:444"]
)
def test_another_site_s_page_changes_nothing_for_its_visitor(serve_once: Serve, origin: str) -> None:
    client = serve_once(api_origins=ORIGIN)
    headers = {"Origin": origin, "Content-Type": "text/plain", "Authorization": "Basic eDp5"}
    answer = client.post("/api/v1/diagrams/validate", content="{}", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "origin-refused")
    assert "access-control-allow-origin" not in client.get("/api/v1/diagram-types", headers=headers).headers


def test_its_own_page_and_named_origins_may(serve: Serve) -> None:
    client = serve(api_origins=ORIGIN)
    own = {"Origin": str(client.base_url).rstrip("/")}
    assert client.post("/api/v1/diagrams/validate", json={}, headers=own).status_code == 422
    named = client.post("/api/v1/diagrams/validate", json={}, headers={"Origin": ORIGIN})
    assert named.status_code == 422
    assert named.headers["access-control-allow-origin"] == ORIGIN
    assert "X-Request-ID" in named.headers["access-control-expose-headers"]


def test_a_browser_client_on_a_named_origin_can_use_a_key(serve: Serve) -> None:
    client = serve(api_keys=KEYS, api_origins=f"{ORIGIN}/")
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "DELETE"}
    asked["Access-Control-Request-Headers"] = "authorization, content-type"
    preflight = client.options("/api/v1/diagrams", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "DELETE" in preflight.headers["access-control-allow-methods"]
    refused = client.get("/api/v1/diagrams", headers={"Origin": ORIGIN})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, ORIGIN)  # it can be read
    for change in ({"Origin": "https://evil.example"}, {"Access-Control-Request-Method": "TRACE"}):
        answer = client.options("/api/v1/diagrams", headers={**asked, **change})
        assert (answer.status_code, answer.json()["type"]) == (403, "origin-refused")
    assert client.options("/api/v1/diagrams").status_code == 401
    assert client.options("/api/v1/diagrams", headers=bearer(KEYS.split(":")[1].split(",")[0])).status_code == 405


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("api_hosts", "https://diagrams.example.com"),
        ("api_hosts", "diagrams.example.com:443"),
        ("api_hosts", "*"),
        ("api_origins", "*"),
        ("api_origins", "app.example.com"),
        ("api_origins", "https://app.example.com/path"),
        ("api_origins", "https://*.example.com"),
        ("forwarded_allow_ips", "*"),
        ("forwarded_allow_ips", "0.0.0.0/0"),
        ("forwarded_allow_ips", "proxy"),
        ("forwarded_allow_hosts", "*"),
        ("forwarded_allow_hosts", "*.example.com"),
        ("forwarded_allow_hosts", "127.0.0.1"),
    ],
)
def test_what_would_open_it_to_all_is_refused(settings: Callable[..., Settings], variable: str, text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**{variable: text})
    assert caught.value.errors()[0]["loc"] == (variable,)


@pytest.mark.parametrize("path", ["/", "/health", "/nope", "/api/v1/diagrams", "/openapi.json", "/docs"])
def test_every_answer_has_the_headers_of_security(serve_once: Serve, path: str) -> None:
    for client in (serve_once(), serve_once(api_keys=KEYS)):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "strict-transport-security" not in headers
    forwarded = serve_once().get(path, headers={"X-Forwarded-Proto": "https"})  # from 127.0.0.1, which is trusted
    assert forwarded.headers["strict-transport-security"] == "max-age=31536000"


def test_a_policy_allows_what_is_named() -> None:
    policy = content_security_policy(img_src="'self' data:", form_action="'self'")
    assert (
        policy
        == "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src 'self' data:"
    )
    assert script_hashes("<script src=x></script><script>1</script>") == (
        "'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"
    )


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
@pytest.mark.slow
def test_the_documentation_is_drawn_under_its_policy(serve: Serve, tmp_path: Path) -> None:
    client = serve()
    command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    command += [
        "--enable-logging=stderr",
        "--virtual-time-budget=20000",
        "--dump-dom",
        str(client.base_url.join("/docs")),
    ]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert "/api/v1/diagrams/validate" in done.stdout  # Swagger UI has run, and read the document
    assert "Content Security Policy" not in done.stderr
