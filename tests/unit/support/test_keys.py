"""Keys by their names, from the bytes of a POSIX terminal and from the console of Windows."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

import pytest

from upready.support import keys, platform


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        ("q", ["q"]),
        ("jk", ["j", "k"]),
        ("\x1b[A\x1b[B", ["up", "down"]),
        ("\x1bOA", ["up"]),
        ("\x1b[5~\x1b[6~", ["pageup", "pagedown"]),
        ("\x1b[1;5A", []),
        ("\x1b", ["esc"]),
        ("\r\n", ["enter", "enter"]),
        ("\x7f", ["backspace"]),
        ("é日", ["é", "日"]),
        ("\x01\x00", []),
        ("\x1b[200~x", ["x"]),
    ],
)
def test_names(sent: str, names: list[str]) -> None:
    assert keys.names(sent) == names


class Console:
    """`msvcrt`, with keys that were pressed."""

    def __init__(self, pressed: str) -> None:
        self.pressed = list(pressed)

    def kbhit(self) -> bool:
        return bool(self.pressed)

    def getwch(self) -> str:
        return self.pressed.pop(0)


@pytest.mark.parametrize(
    ("pressed", "names"), [("q", ["q"]), ("\xe0H\0P", ["up", "down"]), ("\r", ["enter"]), ("\xe0?", []), ("", [])]
)
def test_keys_on_windows(pressed: str, names: list[str]) -> None:
    device = keys.Windows(Console(pressed))
    device.begin()
    assert device.read(0) == names
    device.end()


def test_ctrl_c_on_windows_is_an_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt):
        keys.Windows(Console("\x03")).read(0)


def test_the_device_is_that_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "WINDOWS", True)
    monkeypatch.setitem(sys.modules, "msvcrt", Console("q"))  # type: ignore[arg-type]
    assert keys.device().read(0) == ["q"]


@contextlib.contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    import pty

    ends = pty.openpty()
    try:
        yield ends
    finally:
        for end in ends:
            with contextlib.suppress(OSError):
                os.close(end)


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="termios")


@posix_only
def test_a_terminal_gives_keys_at_once_and_is_as_before_afterwards() -> None:
    import termios

    with terminal() as (main, inner):
        before = termios.tcgetattr(inner)
        device = keys.Posix(inner)
        device.begin()
        assert termios.tcgetattr(inner) != before
        os.write(main, b"j\x1b[A")
        found: list[str] = []
        while len(found) < 2:
            found += device.read(30)
        assert found == ["j", "up"]
        device.end()
        assert termios.tcgetattr(inner) == before


@posix_only
def test_a_key_that_comes_in_pieces_is_one_key() -> None:
    with terminal() as (main, inner):
        device = keys.Posix(inner)
        device.begin()
        os.write(main, b"\x1b")
        assert device.read(30) == ["esc"]
        for rest in ("é".encode(), b"\x1b[B"):
            os.write(main, rest)
        assert device.read(30)


@posix_only
def test_a_terminal_that_is_gone_is_told() -> None:
    with terminal() as (main, inner):
        device = keys.Posix(inner)
        device.begin()
        os.close(main)
        assert device.read(30) == [keys.CLOSED]
        device.end()
