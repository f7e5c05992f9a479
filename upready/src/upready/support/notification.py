"""A notification on the desktop of whoever waits, by what each system brings for that."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from upready.support import platform

SECONDS = 10.0
"""The longest that the program may take."""

_MACOS = ("on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run")

# The texts come as variables: PowerShell would read them as code. The id is that of Windows' own PowerShell, since a
# notification needs one that the system knows.
_WINDOWS = r"""
$null = [Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime]
$kind = [Windows.UI.Notifications.ToastTemplateType]::ToastText02
$toast = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent($kind)
$texts = $toast.GetElementsByTagName('text')
$null = $texts.Item(0).AppendChild($toast.CreateTextNode($env:UPREADY_TITLE))
$null = $texts.Item(1).AppendChild($toast.CreateTextNode($env:UPREADY_TEXT))
$id = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\WindowsPowerShell\v1.0\powershell.exe'
[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier($id).Show($toast)
"""


@dataclass(frozen=True)
class Command:
    """A program that shows a notification: its words, and variables that it gets besides."""

    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


def command(title: str, text: str) -> Command:
    """The program of this system that shows a title and a text."""
    if platform.WINDOWS:
        line = ("powershell.exe", "-NoProfile", "-NonInteractive", "-Command", _WINDOWS)
        return Command(line, {"UPREADY_TITLE": title, "UPREADY_TEXT": text})
    if platform.MACOS:
        return Command(("osascript", *(word for line in _MACOS for word in ("-e", line)), title, text))
    return Command(("notify-send", "--app-name=upready", "--", title, text))


def show(title: str, text: str) -> str:
    """Show a notification. Returns why that was not possible; empty where it was. Never raises for it."""
    made = command(title, text)
    program = shutil.which(made.words[0])
    if program is None:
        return f"{made.words[0]} is not installed"
    try:
        done = subprocess.run(
            [program, *made.words[1:]],
            env={**os.environ, **made.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{made.words[0]} has not ended after {SECONDS:g} s"
    except OSError as error:
        return f"{made.words[0]} does not run: {error.strerror or error}"
    said = (done.stderr or done.stdout).strip().splitlines()
    return f"{made.words[0]}: {said[0] if said else f'exit code {done.returncode}'}" if done.returncode else ""
