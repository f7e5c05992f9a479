"""A value that hides itself wherever it is printed, formatted, logged or dumped."""

from __future__ import annotations

MASK = "********"
"""What is shown instead of a secret: of one length, whatever the secret's."""


class Secret:
    """Text that must be asked for by name: only `reveal()` gives it, everything else gives `MASK`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself. Call it where the text is compared or written to `.env`, never to print it."""
        return self._text

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        # A pickled secret would be its text in some file.
        return (Secret, (MASK,))
