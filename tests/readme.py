"""What the README tells its readers to type, and what it shows as the answer."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

PORTS = ("API_PORT", "METRICS_PORT", "MCP_PORT", "DB_PORT")


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language; those for PowerShell are of another one."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """Every command of the wrapper, in the order of the text: in code blocks, and between backquotes."""
    told = text.partition("\n## Figures")[0]
    inline = r"(?<!`)`((?:\./|uv run )invoke [^`]+)`(?!`)"
    typed = r"^(?:\$ )?((?:\./|uv run )invoke [^#\n]*?)(?: +#.*)?$"
    found = [each[1] or each[2] for each in re.finditer(f"{inline}|{typed}", told, re.MULTILINE)]
    return list(dict.fromkeys(found))


def session(text: str, number: int) -> str:
    """What a console block shows below its first command, up to the next command."""
    shown = blocks(text, "console")[number]
    return shown.partition("\n")[2].partition("\n$ ")[0]


def normal(shown: str) -> str:
    """An output without what differs from run to run: durations, ports, process ids, the project's name, padding."""
    for pattern, word in (
        (r"\b[\w-]+(?=-(?:ai-service|db|mcp-server)-\d)", "PROJECT"),
        # Its first probe may come before the engine's own.
        (r"(?<=running) +(?:starting|healthy)", "  HEALTH"),
        (r"^[\w-]+ is (?=ready in|degraded)", "PROJECT is "),
        (r"\b\d\d:\d\d:\d\d(?:\.\d+)?", "TIME"),
        (r"\b(?:\d+ (?:min|h) ?)*\d+(?:\.\d+)? (?:ms|s|min|h)\b", "N s"),
        (r"(?<=_ms=)[\d.]+", "N"),
        (r"\b\d+(?:\.\d+)? (?=%|[kMG]?B\b)", "N "),
        (r"(?<=request_id=)[\w-]+", "ID"),
        (r"\[\d+\]", "[N]"),
        (r"(?<=node=)v[\d.]+", "VERSION"),
        (r"^.*\(… \d+ more like the next one\).*$", ""),
        (r"(?<=127\.0\.0\.1:)\d+", "PORT"),
        # A picture is as wide as the project's name needs it.
        (r"(?<=not shown in )\d+", "N"),
        (r"─+", "─"),
        (r"\bport \d+", "port PORT"),
        (r"(?<=_PORT=)\d+", "PORT"),
        (r"\bprocess \d+ \([^)]*\)", "process N"),
        (r"\bkill \d+", "kill N"),
        (r" {2,}", "  "),
        (r" +$", ""),
    ):
        shown = re.sub(pattern, word, shown, flags=re.MULTILINE)
    return shown.strip()


def lasting(shown: str) -> list[str]:
    """The lines of an output but those of its progress and of the build, which differ each time in order and number."""
    whole = re.sub(r"^build$.*?^start$", "build\nstart", normal(shown), flags=re.MULTILINE | re.DOTALL)
    return [line for line in whole.splitlines() if not re.match(r" *N s  ", line)]


@dataclass(frozen=True)
class Newcomer:
    """Somebody with a fresh clone of the last commit, and a home folder that holds nothing."""

    clone: Path
    environment: Mapping[str, str]

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line as it stands in the README, in a shell of its own."""
        return subprocess.run(
            ["sh", "-ec", line],
            cwd=self.clone,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=280,
            check=False,
        )

    def ok(self, line: str) -> str:
        """Run a line that must succeed; returns its standard output."""
        done = self.type(line)
        assert done.returncode == 0, f"{line}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def newcomer(folder: Path, environment: Mapping[str, str]) -> Newcomer:
    """Clone the last commit into a folder, beside a home folder.

    What uv, npm and pnpm have downloaded is shared with this user, so that it takes seconds.

    Args:
        environment: The variables of this machine, and those that keep the stack apart from others.
    """
    clone, home = folder / "ba-copilot-ai", folder / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    told = {"VIRTUAL_ENV", "UV", "OPS_CALLED_AS", "OPS_STATE_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME"}
    cache = subprocess.run(["uv", "cache", "dir"], check=True, capture_output=True, encoding="utf-8").stdout.strip()
    downloads = {
        "UV_CACHE_DIR": cache,
        "npm_config_cache": str(Path.home() / ".npm"),
        "XDG_DATA_HOME": environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share"),
    }
    own = {name: value for name, value in environment.items() if name not in told}
    return Newcomer(clone, {**own, **downloads, "HOME": str(home)})
