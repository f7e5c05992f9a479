"""A profile in COMPOSE_PROFILES that no service has."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.similar_names import SimilarNames

NAME = "profile"

VARIABLE = "COMPOSE_PROFILES"


def check(context: Context) -> Iterator[Finding]:
    """Yield each such profile."""
    value = context.values.get(VARIABLE)
    if value is None or value.given is None or not context.uses.services:
        return
    known = sorted(context.uses.profiles)
    for profile in dict.fromkeys(each.strip() for each in value.text.split(",")):
        if profile and profile != "*" and profile not in known:
            meant = SimilarNames(known).closest(profile)
            yield context.about_value(
                NAME,
                VARIABLE,
                f"{VARIABLE} has {profile!r}, and no service has this profile"
                + (f"; did you mean {meant}?" if meant else ""),
                "no service starts because of it",
                f"the services have these profiles: {', '.join(known)}"
                if known
                else "remove it: no service has a profile",
            )
