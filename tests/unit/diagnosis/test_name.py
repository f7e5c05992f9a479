"""A host name that cannot be resolved: in whose words, and what the stack knows of that name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.diagnosis.cases import ready, replica, told
from tests.unit.replicas import container, service
from upready.diagnosis.rules import name
from upready.readiness.health import Health, Verdict

DB = service("db")


def on(*networks: str, mode: str = "") -> dict[str, Any]:
    """What the engine says of a container in some networks."""
    return {"NetworkSettings": {"Networks": {each: {} for each in networks}}, "HostConfig": {"NetworkMode": mode}}


def lost(line: str = "getaddrinfo ENOTFOUND db", **given: Any) -> tuple[str, str, str]:
    """What is said of a service that wrote a line."""
    found = name.find(replica("starting", line, **given))
    assert found is not None
    assert found.evidence == ()
    return told(found)


@pytest.mark.parametrize(
    "line",
    [
        'could not translate host name "cached" to address: Name or service not known',
        'host not found in upstream "http://cached:80" in /etc/nginx/nginx.conf:3',
        'host not found in "proxy_pass" directive "cached"',
        "could not resolve address 'cached'",
        "failed to resolve host 'cached'",
        "getaddrinfo EAI_AGAIN cached",
        "dial tcp: lookup cached on 127.0.0.11:53: server misbehaving",
        "resolve host: cached: Temporary failure",
        "curl: (6) Could not resolve host: cached",
        "wget: bad address 'cached'",
        "Unknown MySQL server host 'cached'",
        "java.net.UnknownHostException: cached",
        "php_network_getaddresses: getaddrinfo for cached failed",
        "redis (cached:6379) Name does not resolve",
        "Name or service not known (cached:6379)",
        "connect host=cached port=5432: Temporary failure in name resolution",
    ],
)
def test_the_words_of_programs(line: str) -> None:
    assert lost(line) == (
        "",
        "cannot find the host cached: no service of this stack has that name",
        "correct the host cached where web has it, then: invoke dev",
    )


@pytest.mark.parametrize(
    "line", ["socket.gaierror: Name or service not known", "nodename nor servname provided", "Error: queryA ENOTFOUND"]
)
def test_words_without_a_name(line: str) -> None:
    assert lost(line) == ("", "cannot resolve a host name", "correct the host that web uses, then: invoke dev")


def test_what_is_no_matter_of_a_name_is_left_to_others() -> None:
    assert name.find(replica("ValueError: the moon is not up")) is None


# A name that no service has.


def test_a_near_name_is_offered() -> None:
    assert lost("getaddrinfo ENOTFOUND databse", services=[service("database")]) == (
        "",
        "cannot find the host databse: no service of this stack has that name; did you mean database?",
        "correct the name in the environment of web, then: invoke dev",
    )


@pytest.mark.parametrize(
    ("variables", "step"),
    [
        ({"A": "x", "URL": "postgres://a:b@nohost.example:5432/c"}, "correct environment.URL"),
        ({"DB_HOST": "nohost.example"}, "correct environment.DB_HOST"),
        ({"SERVER": "nohost.example"}, "correct the host nohost.example where web has it"),
    ],
)
def test_a_wrong_name_is_corrected_in_its_variable(variables: dict[str, str], step: str) -> None:
    found = lost("getaddrinfo ENOTFOUND nohost.example", web=service(environment=variables))
    assert found[2].startswith(step)


def test_a_word_without_a_dot_may_be_the_whole_value() -> None:
    found = lost("getaddrinfo ENOTFOUND nohost", web=service(environment={"OTHER": "few", "SERVER": "nohost"}))
    assert found[2] == "correct environment.SERVER: in the compose entry of web, then: invoke dev"


# An error without a name: the variables may tell it.


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({"URL": "http://apii:80/v1"}, "the host apii"),
        ({"PORT": "80", "API_HOST": "apii"}, "the host apii"),
        ({"URL": "http://APII:80/v1"}, "the host APII"),
        ({"API_HOST": "APII"}, "the host APII"),
        ({"A_URL": "http://db", "B_URL": "http://apii"}, "the host apii"),
        ({"URL": "http://example.com, http://user:key@apii/x"}, "the host apii"),
        ({"URL": "http://cache"}, "cannot find cache: that service has not been started"),
        ({"URL": "http://ended"}, "cannot find ended, which is exited"),
        ({"A_URL": "http://cache", "B_URL": "http://apii"}, "the host apii"),
    ],
)
def test_the_likeliest_host_of_the_variables(variables: dict[str, str], host: str) -> None:
    ended = replace(ready("ended"), container=container(service="ended", state="exited"))
    found = lost(
        "Name or service not known",
        web=service(environment=variables),
        services=[DB, service("cache"), service("ended")],
        others={"db": ready("db"), "ended": ended},
    )
    assert host in found[1]


@pytest.mark.parametrize(
    "variables",
    [
        {"URL": "http://db"},
        {"URL": "http://example.com"},
        {"URL": "http://localhost"},
        {"URL": "http://10.0.0.1"},
        {"DB_HOST": "two words"},
        {"HOSTED": "apii"},
    ],
)
def test_what_is_surely_no_wrong_host_is_not_blamed(variables: dict[str, str]) -> None:
    found = lost(
        "Name or service not known", web=service(environment=variables), services=[DB], others={"db": ready("db")}
    )
    assert found[1] == "cannot resolve a host name"


# The name of a service.


def test_a_service_of_a_profile_that_is_off() -> None:
    one = replica(
        "getaddrinfo ENOTFOUND db",
        inactive=[replace(DB, profiles=("data", "all"))],
        profiles=("full", "data2"),
    )
    found = name.find(one)
    assert told(found) == (
        "",
        "cannot find db: that service has not been started",
        "invoke dev --profile full --profile data2 --profile data",
    )
    assert found is not None
    assert found.blames is None


def test_a_service_that_was_not_waited_for() -> None:
    missing = Health("db", 1, None, None, Verdict.WAITING, "is not there", "missing")
    found = name.find(replica("getaddrinfo ENOTFOUND db", services=[DB], others={"db": missing}))
    assert told(found) == (
        "",
        "cannot find db: that service has not been started",
        "let web wait for it (depends_on: [db]), then: invoke dev",
    )
    assert found is not None
    assert found.blames == "db"


def test_a_service_that_does_not_run() -> None:
    ended = replace(ready("db"), container=container(service="db", state="exited"))
    found = name.find(replica("getaddrinfo ENOTFOUND db", services=[DB], others={"db": ended}))
    assert told(found) == ("", "cannot find db, which is exited", "invoke diagnose db")
    assert found is not None
    assert found.blames == "db"


# Both run.


@pytest.mark.parametrize(
    ("own", "theirs", "listed"),
    [
        (on("front", "edge"), on("back"), "web: edge, front; db: back"),
        (on(mode="host"), on("back", mode="back"), "web: host; db: back"),
        ({}, on("back"), "web: none; db: back"),
        ({}, {}, "web: none; db: none"),
        ({"NetworkSettings": None, "HostConfig": None}, on("back"), "web: none; db: back"),
    ],
)
def test_services_that_share_no_network(own: dict[str, Any], theirs: dict[str, Any], listed: str) -> None:
    found = lost(services=[DB], others={"db": ready("db", raw=theirs)}, raw_container=own)
    assert found == (
        "",
        f"cannot find db: they share no network ({listed})",
        "put web and db into the same network (networks: in their compose entries), then: invoke dev",
    )


def test_a_service_without_a_container_has_no_network() -> None:
    line = "getaddrinfo ENOTFOUND db"
    one = replica(line, services=[DB], others={"db": ready("db", raw=on("back"))})
    gone = name._unshared(replace(one, health=replace(one.health, container=None)), "db", one.others["db"])
    assert "(web: none; db: back)" in gone.message


def test_a_service_that_came_too_late() -> None:
    given: dict[str, Any] = {
        "services": [DB],
        "others": {"db": ready("db", raw=on("back", "more", "other"))},
        "raw_container": on("front", "more", "back"),
    }
    message = (
        "could not find db, which runs now, in the same network (back, more): "
        "its name was asked for before it ran, or the engine's resolver did not answer"
    )
    again = "invoke restart --service web"
    wait = "let web wait for it (depends_on: [db]), then: invoke dev"
    assert lost(**given) == ("", message, f"{again}\n{wait}")
    assert lost(**given, web=service(depends_on={"db": "service_healthy"})) == ("", message, again)


def test_a_variable_is_changed_by_its_own_name(tmp_path: Path) -> None:
    text = "services:\n  web:\n    environment:\n      DB_HOST: ${DB_HOST}\n"
    web = service(environment={"DB_HOST": "nohost"})
    found = lost("getaddrinfo ENOTFOUND nohost", web=web, root=tmp_path, compose=text)
    assert found[2] == "invoke env.set DB_HOST && invoke dev"


# Names besides that of the service, and services without any.

MYSQL = service("mysql-mail", container_name="mail_db", networks={"mail": {"aliases": ["mysql"]}})


@pytest.mark.parametrize(
    ("host", "links"), [("mysql", []), ("mail_db", []), ("database", ["mysql-mail:database"]), ("mysql-mail", [])]
)
def test_an_alias_is_the_name_of_a_service(host: str, links: list[str]) -> None:
    which = host if host == "mysql-mail" else f"{host} (mysql-mail)"
    web = service(links=links)
    line = f"getaddrinfo ENOTFOUND {host}"
    ended = replace(ready("mysql-mail"), container=container(service="mysql-mail", state="exited"))
    found = lost(line, web=web, services=[MYSQL], others={"mysql-mail": ended})
    assert found == ("", f"cannot find {which}, which is exited", "invoke diagnose mysql-mail")
    missing = Health("mysql-mail", 1, None, None, Verdict.WAITING, "is not there", "missing")
    found = lost(line, web=web, services=[MYSQL], others={"mysql-mail": missing})
    assert found[1] == f"cannot find {which}: that service has not been started"
    assert found[2] == "let web wait for it (depends_on: [mysql-mail]), then: invoke dev"


def test_an_alias_among_the_variables_is_no_wrong_name() -> None:
    web = service(environment={"A_HOST": "mysql", "B_HOST": "here", "C_HOST": "self"}, hostname="self")
    web = replace(web, config={**web.config, "extra_hosts": ["here=127.0.0.1"]})
    found = lost("Name or service not known", web=web, services=[MYSQL], others={"mysql-mail": ready("mysql-mail")})
    assert found[1] == "cannot resolve a host name"


def test_a_service_in_the_network_of_another_is_where_that_one_is() -> None:
    given: dict[str, Any] = {
        "web": service(network_mode="service:vpn"),
        "services": [DB, service("vpn")],
        "raw_container": on(mode="container:4711"),
    }
    apart = {"db": ready("db", raw=on("back")), "vpn": ready("vpn", raw=on("front"))}
    assert lost(others=apart, **given) == (
        "",
        "cannot find db: they share no network (vpn: front; db: back)",
        "put vpn and db into the same network (networks: in their compose entries), then: invoke dev",
    )
    together = {"db": ready("db", raw=on("back")), "vpn": ready("vpn", raw=on("back"))}
    assert lost(others=together, **given)[1].startswith("could not find db, which runs now, in the same network (back)")


@pytest.mark.parametrize(
    ("own", "theirs", "message", "step"),
    [
        (
            {"network_mode": "host"},
            {},
            "web uses the network of the machine (network_mode: host), where services have no names",
            "publish the port of db, and let web use 127.0.0.1",
        ),
        (
            {},
            {"network_mode": "host"},
            "it uses the network of the machine (network_mode: host), where it has no name",
            "let web use host.docker.internal, with extra_hosts: [host.docker.internal:host-gateway]",
        ),
        (
            {},
            {"network_mode": "service:vpn"},
            "it uses the network of vpn (network_mode: service:vpn), and has its name",
            "let web use vpn instead of db",
        ),
        (
            {"network_mode": "service:vpn"},
            {"network_mode": "service:vpn"},
            "both use the network of vpn, where it has no name of its own",
            "let web use 127.0.0.1 instead of db",
        ),
        (
            {"network_mode": "none"},
            {},
            "web has no network (network_mode: none)",
            "put web into a network (networks: instead of network_mode:)",
        ),
        (
            {},
            {"network_mode": "none"},
            "db has no network (network_mode: none)",
            "put db into a network (networks: instead of network_mode:)",
        ),
    ],
)
def test_a_service_without_a_network_of_the_stack(
    own: dict[str, str], theirs: dict[str, str], message: str, step: str
) -> None:
    found = lost(
        web=service(**own),  # type: ignore[arg-type] # what a compose entry has
        services=[service("db", **theirs), service("vpn")],  # type: ignore[arg-type] # as above
        others={"db": ready("db"), "vpn": ready("vpn")},
    )
    assert found == ("", f"cannot find db: {message}", f"{step}, then: invoke dev")


def test_a_name_that_leads_nowhere_is_found_among_the_variables() -> None:
    web = service(environment={"A_URL": "http://vpn:1", "B_URL": "http://db:8080"})
    services = [service("db", network_mode="service:vpn"), service("vpn")]
    found = lost("Name or service not known", web=web, services=services, others={n: ready(n) for n in ("db", "vpn")})
    assert found[2] == "let web use vpn instead of db, then: invoke dev"


def test_what_shares_the_network_of_one_on_the_host_has_no_names_either() -> None:
    services = [DB, service("vpn", network_mode="host")]
    found = lost(web=service(network_mode="service:vpn"), services=services, others={"db": ready("db")})
    assert found[1] == (
        "cannot find db: web uses the network of the machine (network_mode: host), where services have no names"
    )
