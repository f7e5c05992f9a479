"""How often Swarm is asked for the tasks of a stack."""

from __future__ import annotations

import pytest

from upready.runtime.swarm.watch import EVERY, SELDOM, rest


@pytest.mark.parametrize(
    ("took", "expected"),
    [
        ([], EVERY),
        ([0.004, 0.004], EVERY),
        # A busy machine, not a large stack.
        ([0.004, 0.06, 0.05], EVERY),
        ([0.05, 0.06, 0.05], 0.5),
        ([0.4, 0.3], SELDOM),
    ],
)
def test_the_shortest_look_tells_how_long_to_rest(took: list[float], expected: float) -> None:
    assert rest(took) == pytest.approx(expected)
