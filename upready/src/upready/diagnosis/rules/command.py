"""A command that cannot be run: not there, not executable, or a script with Windows line ends."""

from __future__ import annotations

import re

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.support import files, platform, shell_words

_MISSING = (
    r'exec: "(?P<path>[^"]+)": (?:executable file not found|stat [^\n]*no such file|no such file)',
    r"\[FATAL tini[^\]]*\] exec (?P<path>\S+) failed: No such file or directory",
    r"^exec (?P<path>/\S+): no such file or directory",
)
_DENIED = (
    r'exec: "(?P<path>[^"]+)": permission denied',
    r"\[FATAL tini[^\]]*\] exec (?P<path>\S+) failed: Permission denied",
    r"^exec (?P<path>/\S+): permission denied",
)
_RETURN = (
    # A carriage return within what a shell quotes, whether it is shown as such or as a symbol.
    r"env: .?(?P<path>[\w./-]+)(?:\\r|\r|␍).?: No such file",
    r"(?P<path>/\S+): (?:line )?\d+: [^\n]*(?:\\r|␍|\$'\\r')[^\n]*not found",
    r"(?P<path>/\S+): \d+: (?:set: Illegal option -\s*$|Syntax error: word unexpected \(expecting \"(?:do|in)\")",
)


def find(evidence: Evidence) -> Finding | None:
    """Told by the words of the engine, of its init, or of a shell; the file itself says the rest."""
    if evidence.service.config.get("provider"):
        return None  # a program of this machine, which compose runs
    if match := evidence.search(*_RETURN):
        return _windows(evidence, match["path"])
    if match := evidence.search(*_DENIED):
        path = match["path"]
        return Finding("command", f"cannot run {path}: it is not executable", _allow(evidence, path))
    if match := evidence.search(*_MISSING):
        return _missing(evidence, match["path"])
    return None


def _missing(evidence: Evidence, path: str) -> Finding:
    """A file that is there cannot be run either when the interpreter that its first line names is not."""
    head = evidence.read(path)
    if head is not None and (first := re.match(rb"#!\s*(\S+)[^\n]*", head)):
        if first.group().endswith(b"\r"):
            return _windows(evidence, path)
        interpreter = first[1].decode("utf-8", "replace")
        if evidence.read(interpreter, 4) is None:
            return Finding(
                "command",
                f"cannot run {path}: its first line asks for {interpreter}, which its image does not have",
                evidence.then(f"install {interpreter} in the image, or begin {path} with #!/bin/sh"),
            )
    if head is not None and head.startswith(b"\x7fELF"):
        return Finding(
            "command",
            f"cannot run {path}: it is there, but not the loader or C library that it was built for (glibc and musl?)",
            evidence.then("build it on the base image that it runs on"),
        )
    where = "its PATH" if "/" not in path else "its image"
    return Finding(
        "command",
        f"cannot run {path}: there is no such file in {where}",
        evidence.then(f"correct command or entrypoint of {evidence.service.name}, or install {path} in its image"),
    )


def _windows(evidence: Evidence, path: str) -> Finding:
    script = _script(evidence) or path
    return Finding(
        "line-ends",
        f"cannot run {script}: it has Windows line ends (CRLF), and the carriage return counts as part of each line",
        evidence.then(
            f"save {evidence.local(script)} with Unix line ends (LF), and keep it so in .gitattributes "
            "(*.sh text eol=lf)"
        ),
    )


def _allow(evidence: Evidence, path: str) -> str:
    """How a file is made executable: the project's own, which the image is built from, else in the image."""
    local = evidence.model.stack.root / evidence.local(path)
    if platform.WINDOWS or not files.is_file(local):
        return evidence.then(f"make {evidence.local(path)} executable (chmod +x, or git update-index --chmod=+x)")
    return shell_words.in_turn(f"chmod +x {shell_words.quoted(local)}", evidence.restart)


def _script(evidence: Evidence) -> str | None:
    """The script among the words of the container's command that has such line ends."""
    if evidence.container is None:
        return None
    raw = evidence.container.raw
    for word in (raw.get("Path") or "", *(raw.get("Args") or [])):
        head = evidence.read(str(word), 4096)
        if head is not None and head.startswith(b"#!") and b"\r\n" in head:
            return str(word)
    return None
