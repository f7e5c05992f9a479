"""A command that cannot be run: not there, not executable, or a script with Windows line ends."""

from __future__ import annotations

import re

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding

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
        return Finding(
            "command",
            f"cannot run {path}: it is not executable",
            "chmod +x the file, or git update-index --chmod=+x it, "
            f"then invoke build --service {evidence.service.name}",
        )
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
                f"install {interpreter} in the image, or begin {path} with #!/bin/sh",
            )
    if head is not None and head.startswith(b"\x7fELF"):
        return Finding(
            "command",
            f"cannot run {path}: it is there, but not the loader or C library that it was built for (glibc and musl?)",
            "build it on the base image that it runs on",
        )
    where = "its PATH" if "/" not in path else "its image"
    return Finding(
        "command",
        f"cannot run {path}: there is no such file in {where}",
        f"correct command or entrypoint of {evidence.service.name}, or install {path} in its image",
    )


def _windows(evidence: Evidence, path: str) -> Finding:
    script = _script(evidence) or path
    return Finding(
        "line-ends",
        f"cannot run {script}: it has Windows line ends (CRLF), and the carriage return counts as part of each line",
        f"sed -i 's/\\r$//' the file, keep it so in .gitattributes (*.sh text eol=lf), "
        f"then invoke build --service {evidence.service.name}",
    )


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
