"""An image that is not there, or is another one than compose asks for: what is said, and the way out of each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.diagnosis.cases import Machine, replica, told
from tests.unit.replicas import service
from upready.diagnosis.rules import image
from upready.stack.compose_failure import Failure
from upready.stack.compose_words import Kind

SILENT = "failed to resolve: dial tcp: lookup registry.test on 10.0.0.1:53: no such host"


def said(
    kind: Kind,
    *,
    name: str = "shop-web",
    here: dict[str, Any] | None = None,
    built: bool = False,
    quotes: tuple[str, ...] = (SILENT,),
    engine: bool = True,
    **config: Any,
) -> tuple[str, str, str]:
    """What is said of a service that was refused because of its image."""
    machine = Machine(images={name: here} if here else {}) if engine else None
    failure = Failure(kind, "x: cannot get it", image=name, quotes=quotes)
    web = replace(service(**config), built=built)
    return told(image.find(replica(web=web, failure=failure, engine=machine, there=False)))


AMD64 = {"Os": "linux", "Architecture": "amd64"}
ASK = "correct image: in the compose entry of web, then: invoke dev"
NO_HOST = "its registry does not answer: lookup registry.test on 10.0.0.1:53: no such host"


# There is no such image here.


def test_an_image_of_the_project_is_built() -> None:
    assert said("image", built=True) == (
        "",
        "has no image: shop-web has not been built",
        "invoke build --service web",
    )


def test_an_image_that_may_not_be_pulled() -> None:
    assert said("image", pull_policy="never") == (
        "",
        "has no image: shop-web is not here, and pull_policy: never forbids to pull it",
        "docker pull shop-web",
    )
    assert said("image") == ("", "has no image: shop-web is not here", "docker pull shop-web")


def test_a_registry_that_does_not_answer() -> None:
    assert said("registry silent") == (
        "",
        f"has no image: shop-web is not here, and {NO_HOST}",
        "once the registry answers: docker pull shop-web",
    )


@pytest.mark.parametrize(
    ("name", "login"),
    [
        ("gone:1", "docker login"),
        ("team/gone:1", "docker login"),
        ("registry.test/gone:1", "docker login registry.test"),
        ("localhost:5000/team/gone", "docker login localhost:5000"),
    ],
)
def test_a_registry_that_refuses(name: str, login: str) -> None:
    web = replace(service(), image=name)
    failure = Failure("registry denied", "x", image=name)
    cause, message, step = told(image.find(replica(web=web, failure=failure, engine=Machine(), there=False)))
    assert cause == ""
    assert message == (
        f"has no image: {name} is not here, and its registry refuses it: the name is wrong, or you must log in"
    )
    ways = step.split("\n")
    assert ways[0] == ASK
    assert ways[-1].startswith("docker login")
    assert name.startswith("gone") or ways[-1] == login


def test_an_image_that_its_registry_does_not_have() -> None:
    assert said("not in registry") == (
        "",
        "has no image: shop-web is neither here nor in its registry",
        f"{ASK}\ndocker pull shop-web",
    )


def test_without_an_engine_nothing_is_here() -> None:
    assert said("not in registry", engine=False)[1] == "has no image: shop-web is neither here nor in its registry"


def test_a_name_that_is_none() -> None:
    failure = Failure("image name", "invalid reference format", image="Shop Web")
    cause, message, step = told(image.find(replica(failure=failure, there=False)))
    assert (cause, step) == ("", ASK)
    assert message.startswith("could not start: ")
    assert "invalid reference format" in message


@pytest.mark.parametrize("failure", [None, Failure("container", "x", image="shop-web")])
def test_what_is_no_matter_of_an_image_is_left_to_others(failure: Failure | None) -> None:
    assert image.find(replica(failure=failure, engine=Machine(images={"shop-web": AMD64}))) is None


# Which image it is.


@pytest.mark.parametrize(
    ("failed", "shown"),
    [("", "shop-web"), ("shop-web:latest", "shop-web"), ("shop-web", "shop-web"), ("alpine:3", "alpine:3")],
)
def test_the_image_of_the_service_or_that_of_a_hook(failed: str, shown: str) -> None:
    failure = Failure("image", "x", image=failed)
    assert told(image.find(replica(failure=failure, there=False)))[2] == f"docker pull {shown}"


def test_a_service_that_names_its_tag_is_asked_for_without_it() -> None:
    web = replace(service(), image="shop-web:latest", built=True)
    failure = Failure("image", "x", image="shop-web")
    step = told(image.find(replica(web=web, failure=failure, there=False)))[2]
    assert step == "invoke build --service web"


def test_an_image_of_a_hook_is_not_what_the_service_builds() -> None:
    web = replace(service(), built=True)
    for kind in ("image", "platform"):
        failure = Failure(kind, "x", image="alpine:3")  # type: ignore[arg-type] # one of the parameters above
        message = told(image.find(replica(web=web, failure=failure, there=False)))[1]
        assert "has not been built" not in message


# There is one, and compose asks for another one.


@pytest.mark.parametrize("policy", ["always", "daily", "weekly", "refresh", "every_12h"])
def test_an_image_that_is_here_and_pulled_all_the_same(policy: str) -> None:
    assert said("registry silent", here=AMD64, pull_policy=policy) == (
        "",
        f"was not started: shop-web is here, but pull_policy: {policy} asks the registry for it, and {NO_HOST}",
        "set pull_policy: missing in the compose entry of web, then: invoke dev\nonce the registry answers: invoke dev",
    )


def test_an_image_that_is_here_for_another_platform() -> None:
    assert said("platform", here=AMD64, platform="linux/arm64", quotes=("no match for platform",)) == (
        "",
        "has no image: shop-web is here for linux/amd64, but platform: linux/arm64 asks for another one, and "
        "no match for platform",
        "set platform: linux/amd64 in the compose entry of web, then: invoke dev\n"
        "docker pull --platform linux/arm64 shop-web",
    )


@pytest.mark.parametrize(
    ("here", "platform", "fits"),
    [
        (AMD64, "linux/amd64", True),
        (AMD64, "amd64", True),
        (AMD64, "arm64", False),
        ({"Os": "linux", "Architecture": "arm"}, "linux/arm/v7", True),
        ({"Os": "windows", "Architecture": "amd64"}, "linux/amd64", False),
        ({"Architecture": "amd64"}, "linux/amd64", True),
        ({"Os": "linux"}, "linux/amd64", False),
    ],
)
def test_whether_an_image_is_for_a_platform(here: dict[str, Any], platform: str, fits: bool) -> None:
    message = said("not in registry", here=here, platform=platform)[1]
    assert ("asks for another one" in message) is not fits
    assert message.startswith("has no image: ")
    made = f"{here.get('Os', 'linux')}/{here.get('Architecture', '')}"
    assert fits or f"is here for {made}, but" in message


def test_an_image_for_the_right_platform_that_is_pulled_all_the_same() -> None:
    message = said("registry silent", here=AMD64, platform="linux/amd64", pull_policy="always")[1]
    assert message.startswith("was not started: shop-web is here, but pull_policy: always asks the registry")


def test_an_image_that_is_here_and_asked_for_without_a_reason_of_the_files() -> None:
    assert said("registry silent", here=AMD64) == (
        "",
        f"was not started: shop-web is here, but compose asks its registry for it, and {NO_HOST}",
        "once the registry answers: invoke dev",
    )


def test_an_image_of_the_project_that_is_here_is_to_be_built() -> None:
    assert said("registry silent", here=AMD64, built=True)[2] == "invoke build --service web"


# Why.


@pytest.mark.parametrize(
    ("kind", "quotes", "why"),
    [
        ("registry silent", ("x: Head https://r.test/v2: EOF",), "does not answer: Head https://r.test/v2: EOF"),
        ("registry silent", ("x: Get https://r.test/v2: EOF",), "its registry does not answer: Get https://r.test"),
        ("registry silent", ("x: dial tcp 10.0.0.2:443: i/o timeout",), "does not answer: dial tcp 10.0.0.2:443: i/o"),
        ("registry silent", ("it is late",), "and its registry does not answer: it is late"),
        ("registry silent", (), "and its registry does not answer: x: cannot get it"),
        ("platform", ("it is late", "and more"), "compose asks its registry for it, and it is late"),
    ],
)
def test_the_end_of_a_chain_of_causes(kind: Kind, quotes: tuple[str, ...], why: str) -> None:
    assert why in said(kind, here=AMD64, quotes=quotes)[1]


def test_a_long_cause_is_cut() -> None:
    message = said("registry silent", here=AMD64, quotes=("y" * 300,))[1]
    assert message.endswith(f"its registry does not answer: {'y' * 200}")


def test_what_compose_printed_is_the_evidence() -> None:
    found = image.find(replica(failure=Failure("image", "x", image="gone", quotes=("a", "b")), there=False))
    assert found is not None
    assert found.evidence == ("a", "b")
