"""What Swarm refuses, told in its own words."""

from __future__ import annotations

import pytest
from docker.errors import APIError

from upready.runtime.swarm import deploy

TAKEN = "port '8080' is already in use by service 'shop_web' (q8zh3p5wn1v0x2y7k4m6t9abc) as an ingress port"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"rpc error: code = InvalidArgument desc = {TAKEN}", TAKEN.replace(" (q8zh3p5wn1v0x2y7k4m6t9abc)", "")),
        ("name conflicts with an existing object", "name conflicts with an existing object"),
        ("a mount (type volume) without a target", "a mount (type volume) without a target"),
    ],
)
def test_a_refusal_names_no_ids(said: str, told: str) -> None:
    error = deploy.refusal("web", APIError("409 Client Error", explanation=said))
    assert (error.message, error.next) == (f"Swarm refuses web: {told}", "invoke config")
