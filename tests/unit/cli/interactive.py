"""A shell at a terminal, into which is typed what a user types: its line after a TAB."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

DEADLINE = 120.0
"""Seconds within which a shell answers, also on a busy machine."""

_START = {
    "bash": ["bash", "--noprofile", "--rcfile", "{rc}", "-i"],
    "zsh": ["zsh", "-d", "-i"],
    "fish": ["fish", "--no-config", "--interactive", "--init-command", "source {rc}"],
}
# Ctrl-G shows the line that is being typed. Ctrl-T inserts every candidate, where the shell can.
_SETUP = {
    "bash": r"""
PS1='ready> '
bind 'set bell-style none' 'set enable-bracketed-paste off'
show() { printf '\n<<%s|%s>>\n' "$READLINE_LINE" "$READLINE_POINT"; }
bind -x '"\C-g": show'
bind '"\C-t": insert-completions'
""",
    "zsh": r"""
PS1='ready> '
unsetopt prompt_cr prompt_sp beep zle_bracketed_paste
autoload -Uz compinit && compinit -u -D
show() { print -r -- $'\n'"<<$BUFFER|$CURSOR>>" }
zle -N show
bindkey '^G' show
zstyle ':completion:all-matches::::' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert yes
zle -C all-matches complete-word _generic
bindkey "^T" all-matches
""",
    "fish": r"""
function fish_prompt; echo -n 'ready> '; end
set -g fish_autosuggestion_enabled 0
function show; printf '\n<<%s|%s>>\n' (commandline | string collect) (commandline -C); end
bind \cg show
""",
}


class Terminal:
    """A running shell, and all that it has written so far."""

    def __init__(self, master: int) -> None:
        self._master, self._unread, self.said = master, "", ""

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def until(self, pattern: str) -> re.Match[str]:
        """Wait until what was written since the last call matches."""
        end = time.monotonic() + DEADLINE
        while not (found := re.search(pattern, self._unread, re.DOTALL)):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._master], [], [], left)[0]:
                raise AssertionError(f"no {pattern!r} within {DEADLINE:g} s in {self._unread!r}")
            read = os.read(self._master, 1 << 16).decode(errors="replace")
            self._unread += read
            self.said += read
        self._unread = self._unread[found.end() :]
        return found

    def line(self, text: str, key: str = "\t") -> str:
        """What stands on the line, up to the cursor, once a text and a key were typed."""
        self.type(f"{text}{key}\x07")
        found = self.until(r"<<([^\n]*)\|(\d+)>>")
        self.type("\x15")  # Ctrl-U: an empty line for the next one
        return found[1][: int(found[2])]


@contextlib.contextmanager
def shell(name: str, script: Path, folder: Path, home: Path, *, before: str, path: Path) -> Iterator[Terminal]:
    """A shell that has read a script of completion, in a folder.

    Args:
        name: bash, zsh or fish.
        script: The path of the script.
        folder: Where it runs.
        home: The user's folder, into which its configuration is written.
        before: What it is told before it reads the script.
        path: Where it looks for programs first.
    """
    rc = home / ".zshrc"
    rc.write_text(f"{_SETUP[name]}\n{before}\nsource '{script}'\n", encoding="utf-8")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 1000, 0, 0))
    variables = {
        **os.environ,
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
        "TERM": "xterm",
        "ZDOTDIR": str(home),
    }
    line = [word.format(rc=rc) for word in _START[name]]
    child = subprocess.Popen(
        line,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env=variables,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    try:
        terminal = Terminal(master)
        terminal.until("ready> ")
        yield terminal
    finally:
        child.kill()
        child.wait()
        os.close(master)
