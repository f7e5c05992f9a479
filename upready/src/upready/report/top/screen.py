"""The live screen of `invoke top`: draws pictures, at most four in a second, and reads keys.

It is left and entered again for whatever needs the terminal itself: a shell, a restart, Ctrl-Z. However it ends, the
terminal is as it was before, and the last state stands in the scrollback.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from upready.diagnosis import Failure
from upready.operations.top.gather import Gathering
from upready.operations.top.log_lines import query
from upready.report import diagnosis as diagnosis_report
from upready.report.top import commands, panels, picture, plain
from upready.report.top.lines import Line, Picture
from upready.report.top.picture import Logs, Size
from upready.report.top.view import View, chosen, press
from upready.support import background, signals, streams, terminal
from upready.support.errors import InterruptError, OpsError
from upready.support.keys import CLOSED, Device

FRAME = 0.25
"""Seconds between two pictures, unless a key was pressed."""

IDLE = 1.0
"""Seconds between two pictures where nothing has changed but the time."""

SUDDEN = 3.0
"""Seconds within which a shell that ends with an error was none: what it said is to be read."""

_SUSPEND = ("suspend",)
"""What is returned instead of a task when Ctrl-Z was pressed."""


@dataclass(frozen=True)
class Errands:
    """What keys do that is no matter of a screen.

    Attributes:
        run: Runs a task on this terminal; returns its exit code.
        aside: Runs a task without the terminal; returns its exit code and the lines that it has printed.
    """

    run: Callable[[Sequence[str]], int]
    aside: Callable[[Sequence[str]], tuple[int, list[str]]]


class Screen:
    """Shows what is gathered until the user leaves.

    Args:
        gathering: What is shown.
        errands: What keys do besides.
        console: Where.
        device: Where keys come from.
        default: The environment to start where nothing runs.
    """

    def __init__(self, gathering: Gathering, errands: Errands, console: Console, device: Device, default: str) -> None:
        self._gathering, self._errands, self._console, self._device = gathering, errands, console, device
        self._default = default
        self._blocks = terminal.draws_blocks() and not console.legacy_windows
        self._view = View()
        self._live: Live | None = None
        self._stop = False
        self._opening: list[tuple[str, Future[tuple[int, list[str]]]]] = []
        self._asked: Future[Failure | None] | None = None
        self._story: RenderableType = ""

    def run(self) -> int:
        """Show it; returns the exit code: 0, or 130 after Ctrl-C or a signal."""
        code = 0
        try:
            while errand := self._shown():
                self._do(errand)
        except KeyboardInterrupt:
            code = InterruptError.code
        with signals.undisturbed():
            plain.last(self._gathering.state(), self._console)
        return code

    def _shown(self) -> Sequence[str]:
        """Be on the screen until something else needs the terminal: a task, or `_SUSPEND`; empty to leave for good."""
        with self._terminal():
            return self._loop()

    @contextlib.contextmanager
    def _terminal(self) -> Iterator[None]:
        """Have the whole terminal during the block."""
        self._live = Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        with self._keys():
            try:
                self._live.start()
                yield
            finally:
                with signals.undisturbed():
                    self._live.stop()

    @contextlib.contextmanager
    def _keys(self) -> Iterator[None]:
        """Get keys at once during the block; no key ends or stops this process before the terminal is put right."""
        with signals.quitting(), signals.stopping(self._stopping):
            try:
                self._device.begin()
                yield
            finally:
                with signals.undisturbed():
                    self._device.end()

    def _stopping(self) -> None:
        self._stop = True

    def _loop(self) -> Sequence[str]:
        drawn, size = 0.0, (0, 0)
        while True:
            pressed = False
            for key in self._device.read(FRAME if drawn else 0):
                if key == CLOSED:
                    return ()
                if (errand := self._press(key)) is not None:
                    return errand
                pressed = True
            if self._stop:
                self._stop = False
                return _SUSPEND
            if self._gathering.bug is not None:
                raise self._gathering.bug
            pressed = self._collect() or pressed
            past, now = time.monotonic() - drawn, (self._console.size.width, self._console.size.height)
            if pressed or now != size or past >= IDLE or (past >= FRAME and self._gathering.changed.is_set()):
                self._gathering.changed.clear()
                drawn, size = time.monotonic(), now
                self._draw()

    def _press(self, key: str) -> Sequence[str] | None:
        """Take in a key; returns a task that needs the terminal, nothing to leave, None to go on."""
        state = self._gathering.state()
        self._view, does = press(self._view, key, state)
        name = chosen(self._view, state)
        service, replica = commands.target(self._view, state)
        if does == "quit":
            return ()
        if does in ("restart", "shell"):
            return commands.task("r" if does == "restart" else "x", service, replica)
        if does == "open":
            task = commands.task("o", service)
            self._opening.append((f"open {service}", background.begin(lambda: self._errands.aside(task))))
        if does == "diagnose":
            self._story = Text(f"looking at {name} …")
            self._view = replace(self._view, panel="diagnosis", top=0)
            self._asked = background.begin(lambda: self._gathering.diagnose(name))
        if does in ("filter", "hold"):
            self._choose()
        return None

    def _choose(self) -> None:
        """Have the logs show what the view says."""
        view, kept = self._view, self._gathering.lines
        try:
            kept.choose(query(view.level, view.pattern, view.service))
        except OpsError as error:
            self._view = replace(view, pattern="").told(error.message, bad=True)
            kept.choose(query(view.level, "", view.service))
        kept.hold(still=self._view.still)

    def _collect(self) -> bool:
        """Take in what was asked for in the background and has come; whether anything has."""
        opened = [each for each in self._opening if each[1].done()]
        self._opening = [each for each in self._opening if not each[1].done()]
        for name, future in opened:
            try:
                code, said = future.result()
            except (OpsError, OSError) as error:
                code, said = 1, [error.summary if isinstance(error, OpsError) else str(error)]
            self._view = self._view.told(plain.sentence(f"{name}: {'; '.join(said[:2])}"), bad=bool(code))
        # Of several diagnoses that were asked for, the last one counts, in whatever order they come.
        if self._asked is None or not self._asked.done():
            return bool(opened)
        answer, self._asked = self._asked, None
        try:
            found = answer.result()
        except OpsError as error:
            self._story = Text(plain.sentence(error.summary), style="red")
        else:
            self._story = Text("it is gone") if found is None else diagnosis_report.panel(found)
        return True

    def _draw(self) -> None:
        size = Size(*self._console.size, self._blocks)
        held = self._gathering.lines
        if self._view.back:  # no further than there are entries
            self._view = replace(self._view, back=max(0, min(self._view.back, len(held) - 1)))
        logs = Logs(held.last(picture.log_room(size), self._view.back), self._gathering.skim.dropped)
        state = self._gathering.state()
        panel = self._panel(size.columns)
        if self._view.top:  # no further than to its end
            most = picture.furthest(state, self._view, panel, size, self._default)
            self._view = replace(self._view, top=min(self._view.top, most))
        made = picture.draw(state, self._view, logs, panel, size, self._default)
        assert self._live is not None  # noqa: S101 - it is drawn only while it is there
        self._live.update(Picture(made), refresh=True)
        streams.check()

    def _panel(self, cells: int) -> list[Line]:
        if self._view.panel == "help":
            return panels.help_lines(self._gathering.state(), self._view, cells)
        return panels.rendered(self._story, self._console, cells) if self._view.panel else []

    def _do(self, errand: Sequence[str]) -> None:
        """Do what needs the terminal itself, and tell what came of it."""
        if errand == _SUSPEND:
            signals.stop()
            return
        name = " ".join(word for word in errand if not word.startswith("-"))
        command = commands.spoken(errand, self._gathering.state())
        self._console.print(Text(f"$ {command}", style="dim"), soft_wrap=True)
        began = time.monotonic()
        code = self._errands.run(errand)
        took = time.monotonic() - began
        self._gathering.again()
        if code and (errand[0] != "shell" or took < SUDDEN):
            self._console.print(Text("press a key to go back", style="bold"))
            self._await_key()
        if errand[0] != "shell":
            done = f"{name}: {f'ended with exit code {code}' if code else f'done in {took:.1f} s'}"
            self._view = self._view.told(done, bad=bool(code))

    def _await_key(self) -> None:
        pressed = False
        while not pressed:
            with self._keys():
                while not (pressed := bool(self._device.read(FRAME))) and not self._stop:
                    streams.check()
            if self._stop:
                self._stop = False
                signals.stop()
