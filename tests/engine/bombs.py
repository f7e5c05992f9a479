"""Diagrams that take Mermaid too long or too much memory: those that are known, and a strategy that finds others."""

from __future__ import annotations

import re
from typing import NamedTuple

from hypothesis import strategies as st

from tests.conftest import ROOT

LONGEST = 50_000  # characters of a diagram, in UTF-16 as JavaScript counts


def lines(count: int, line: str) -> str:
    """So many lines; `@` in one is its number, `@@` the next one's."""
    return "\n".join(line.replace("@@", str(number + 1)).replace("@", str(number)) for number in range(count))


HEAP = "block\nspace:99999999"  # a hundred million objects
KNOWN = {
    "a block of a hundred million spaces": HEAP,
    "many bars": f"xychart\nbar [{','.join('1' * 9000)}]",
    "one relation, again and again": f"classDiagram\n{lines(6000, 'A<|--B')}",
    "a long sankey": f"sankey\n{lines(2000, 'a@,b@,1')}",
    "subgraphs within subgraphs": f"flowchart TD\n{lines(4000, 'subgraph a')}",
    "states within states": f"stateDiagram-v2\n{lines(3000, 'state s@ {')}",
    "YAML that doubles": f"---\nconfig:\n  a0: &a0 {{x: 1}}\n{lines(25, '  a@@: &a@@ {l: *a@, r: *a@}')}\n---\npie",
    "directives without end": f"{'%%{init: ' * 4000}\nflowchart TD",
    "one long word": f"flowchart TD\n{'a' * 49_000}",
    "brackets": f"flowchart TD\nA{'[' * 45_000}",
    "ticks": "`" * LONGEST,
    "emojis": f"pie\n{chr(0x1F600) * 24_000}",
}

OWN = [path.read_text("utf-8") for path in sorted((ROOT / "docker/mcp-server/test/diagrams").glob("*.txt"))]
DIAGRAMS = [code.strip("\n") for text in OWN for code in re.split(r"^===.*\n", text, flags=re.M) if code.strip()]
BEGINNINGS = sorted({line + "\n" for code in DIAGRAMS if (line := code.lstrip().splitlines()[0])[:1].isalpha()})
WORDS = sorted({word for code in DIAGRAMS for word in re.findall(r"\w+|[^\w\s]+|\n *| ", code)})

# Words of every grammar: what they are put together to is seldom a diagram, but always looks like one.
tokens = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS),
    st.integers(-1, 10**9).map(str),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=5),
)
pieces = st.lists(tokens, min_size=1, max_size=8).map("".join)


class Bomb(NamedTuple):
    """A diagram that begins well, and goes on with pieces, each so many times, with something between."""

    start: str
    parts: list[tuple[str, int, str]]

    def code(self) -> str:
        text = self.start + "\n".join((piece + between) * times for piece, times, between in self.parts)
        return text.encode("utf-16-le")[: 2 * LONGEST].decode("utf-16-le", "ignore")


bombs = st.builds(
    Bomb,
    st.sampled_from(DIAGRAMS + BEGINNINGS),
    st.lists(
        st.tuples(
            pieces, st.sampled_from([1, 1, 1, 2, 30, 500, 5000]), st.sampled_from(["", " ", "\n", "\n  ", ",", "-->"])
        ),
        min_size=1,
        max_size=4,
    ),
)
