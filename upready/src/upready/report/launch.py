"""The progress of a launch: live on a terminal, else a line for each change; at the end the URLs or the failure."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from upready import report
from upready.operations.launch import Launch
from upready.readiness.health import Health
from upready.report import health as health_report
from upready.report import prompt
from upready.report import question as prompts
from upready.report.meter import Meter
from upready.runtime.docker.build import Progress, Step
from upready.support.errors import OpsError


class Show:
    """Shows a launch while it runs. Use as a context manager, so that the live view ends with it.

    Args:
        as_json: Whether stdout is for a JSON document; progress then goes to stderr.
        yes: Whether the command line has answered every question.
    """

    def __init__(self, *, as_json: bool, yes: bool = False) -> None:
        self._yes = yes
        self.console: Console = report.errors() if as_json else report.console()
        self._live: Live | None = None
        self._build: Progress | None = None
        self._meter, self._read = Meter(), ""
        self._services: Sequence[Health] = ()
        self._began = time.monotonic()
        self._told: dict[tuple[str, int], str] = {}

    @property
    def live(self) -> bool:
        """Whether there is a live view."""
        return self.console.is_terminal

    @contextlib.contextmanager
    def running(self) -> Iterator[Show]:
        """Keep the live view up while the block runs."""
        if not self.console.is_terminal:
            yield self
            return
        self._live = Live(get_renderable=self._picture, console=self.console, refresh_per_second=10, transient=True)
        with self._live:
            yield self
        self._live = None

    def step(self, text: str) -> None:
        """A new step begins."""
        self._build, self._services, self._read, self._began = None, (), "", time.monotonic()
        self.console.print(Text(report.clean(text), style="bold"), soft_wrap=True)

    def restart_clock(self) -> None:
        """From now on the seconds are counted anew."""
        self._began = time.monotonic()

    def warn(self, text: str) -> None:
        """Warn of something that does not stop the launch."""
        report.warn(text)

    def confirm(self, question: str) -> None:
        """Ask whether values are to be taken back; the live view waits meanwhile."""
        if self._live is None:
            prompt.confirm_kept(question)
            return
        self._live.stop()
        prompt.confirm_kept(question)
        self._live.start(refresh=True)

    def build(self, progress: Progress, step: Step | None, line: str) -> None:
        """A build has printed a line. Without a live view, each step and its output are printed."""
        self._build = progress
        if self._live is not None:
            return
        if said := progress.told(step, line):
            self.console.print(Text(report.clean(said)), soft_wrap=True)

    def health(self, services: Sequence[Health]) -> None:
        """The state of the services has changed."""
        self._build, self._services = None, services
        if self._live is not None:
            return
        for each in services:
            words = each.reason
            if self._told.get((each.service, each.replica)) != each.cause:
                self._told[each.service, each.replica] = each.cause
                elapsed = time.monotonic() - self._began
                said = report.clean(f"{each.name} {words}")
                self.console.print(Text(f"{elapsed:5.1f} s  {said}"), soft_wrap=True)

    def reading(self, what: str, count: int, of: int = 0, /) -> None:
        """A backup goes on. Without a live view that is not shown."""
        self._read = self._meter.add(what, count, of)

    def agree(self, question: str, details: Sequence[str], *, unattended: bool) -> None:
        """As in `launch_options.Show`. The live view is away meanwhile: it would write over the question."""
        if self._yes or (unattended and not prompts.can_be_asked()):
            return
        if self._live is not None:
            self._live.stop()
        prompts.confirm(question, details)
        if self._live is not None:
            self._live.start(refresh=True)

    def _picture(self) -> RenderableType:
        rows: list[RenderableType] = []
        if self._build is not None:
            rows = [self._step_row(step) for step in self._build.running()]
        elif self._read:
            rows = [Text(report.clean(self._read))]
        elif self._services:
            rows = [health_report.live(self._services)]
        elapsed = Spinner("dots", Text(f" {time.monotonic() - self._began:.1f} s"))
        return Group(*rows, elapsed)

    def _step_row(self, step: Step) -> Text:
        """A step that is being built. The most useful part comes first, since the line may be cut."""
        last = f"  {report.clean(step.output[-1])}" if step.output else ""
        seconds = f"{time.monotonic() - step.began:5.1f} s"
        text = Text.assemble((step.service, "cyan"), f"  {step.number}  {seconds}  {step.words}", (last, "dim"))
        text.no_wrap, text.overflow = True, "ellipsis"
        return text


def ended(launch: Launch, *, as_json: bool) -> int:
    """Print the table, then the URLs, or what failed and why. Returns the exit code."""
    if as_json:
        report.document(launch.as_dict())
    elif launch.error is None:
        _ready(launch)
    else:
        _failed(launch, launch.error)
    return launch.error.code if launch.error else 0


def _ready(launch: Launch) -> None:
    console = report.console()
    console.print(health_report.table(launch.report.services))
    for line in health_report.problems(launch.report.services):
        report.say(line)
    if launch.report.status == "degraded":
        report.say_next(health_report.step(launch.report.services, launch.stack.environment))
    took = f"{launch.report.project} is ready in {launch.ready_in:.1f} s ({launch.stack.environment})"
    console.print(Text(took, style="bold green"))
    width = max((len(name) for name in launch.urls), default=0)
    for name, url in launch.urls.items():
        report.say(f"  {name:{width}}  {url}")
    report.hint("It runs in the background: invoke logs --follow shows its logs, invoke stop ends it.")


def _failed(launch: Launch, error: OpsError) -> None:
    from upready.report import diagnosis as diagnosis_report

    console = report.errors()
    console.print(health_report.table(launch.report.services))
    diagnosis_report.panels(console, launch.failures)
    report.failure(error)
    if launch.continues:
        report.warn(
            f"still to be started, by docker compose in the background: {', '.join(launch.continues)}; "
            "invoke health --wait 60 waits for that, invoke stop ends it"
        )
