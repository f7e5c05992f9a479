"""A name in COMPOSE_PROFILES that no service has: nothing starts because of it."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.checks.unknown import Names
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding

NAME = "profile"

VARIABLE = "COMPOSE_PROFILES"


def check(context: Context) -> Iterator[Finding]:
    """Yield each such name."""
    value = context.values.get(VARIABLE)
    if value is None or value.given is None or not context.uses.services:
        return
    known = context.uses.profiles
    line, column = context.place(VARIABLE, of_value=True)
    for profile in dict.fromkeys(each.strip() for each in value.text.split(",")):
        if not profile or profile == "*" or profile in known:
            continue
        meant = Names(sorted(known)).closest(profile) if known else None
        yield Finding(
            severity="warning",
            check=NAME,
            variable=VARIABLE,
            line=line,
            column=column,
            message=f"{VARIABLE} names {profile!r}, a profile of no service"
            + (f"; did you mean {meant}?" if meant else ""),
            why="nothing starts because of it",
            fix=f"the services' profiles: {', '.join(sorted(known))}"
            if known
            else "remove it: no service has a profile",
        )
