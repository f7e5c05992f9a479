"""A command that cannot be run: missing, not executable, with Windows line ends, or for another processor."""

from __future__ import annotations

import re
from typing import Any

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.docker.engine import answering
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

_MACHINES = {0x03: "386", 0x28: "arm", 0x3E: "amd64", 0xB7: "arm64", 0xF3: "riscv64", 0x15: "ppc64le", 0x16: "s390x"}
"""The ELF header's `e_machine` (elf(5)), by the names that images use."""


def find(evidence: Evidence) -> Finding | None:
    """The engine, its init or a shell names the program. The file itself tells the rest."""
    if evidence.service.config.get("provider"):
        return None  # a program of this machine, which compose runs
    if match := evidence.search(*_RETURN):
        return _windows(evidence, match["path"])
    if match := evidence.search(*_DENIED):
        path = match["path"]
        return Finding(
            f"cannot run {path}: it is not executable",
            allow(evidence, path),
        )
    if match := evidence.search(*_MISSING):
        return _missing(evidence, match["path"])
    return None


def _missing(evidence: Evidence, path: str) -> Finding:
    """A program that was not found. If the file exists, its interpreter or its C library is missing."""
    head = evidence.read(path)
    if head is not None and (first := re.match(rb"#!\s*(\S+)[^\n]*", head)):
        if first.group().endswith(b"\r"):
            return _windows(evidence, path)
        interpreter = first[1].decode("utf-8", "replace")
        if evidence.read(interpreter, 4) is None:
            return Finding(
                f"cannot run {path}: its first line asks for {interpreter}, which its image does not have",
                evidence.then(f"install {interpreter} in the image, or begin {path} with #!/bin/sh"),
            )
    if head is not None and head.startswith(b"\x7fELF"):
        return Finding(
            f"cannot run {path}: it is there, but not the loader or C library that it was built for (glibc and musl?)",
            evidence.then("build it on the base image that it runs on"),
        )
    where = "its PATH" if "/" not in path else "its image"
    return Finding(
        f"cannot run {path}: there is no such file in {where}",
        evidence.then(f"correct command or entrypoint of {evidence.service.name}, or install {path} in its image"),
    )


def _windows(evidence: Evidence, path: str) -> Finding:
    script = _script(evidence) or path
    return Finding(
        f"cannot run {script}: it has Windows line ends (CRLF), and the carriage return counts as part of each line",
        evidence.then(
            f"save {evidence.local(script)} with Unix line ends (LF), and keep it so in .gitattributes "
            "(*.sh text eol=lf)"
        ),
        cause="line-ends",
    )


def _script(evidence: Evidence) -> str | None:
    """The script in the container's command that has Windows line ends."""
    if evidence.container is None:
        return None
    raw = evidence.container.raw
    for word in (raw.get("Path") or "", *(raw.get("Args") or [])):
        head = evidence.read(str(word), 4096)
        if head is not None and head.startswith(b"#!") and b"\r\n" in head:
            return str(word)
    return None


def find_architecture(evidence: Evidence) -> Finding | None:
    """The kernel cannot execute a program, or a shell took it for a script. Its ELF header tells its processor."""
    container, docker = evidence.container, evidence.docker
    if container is None or docker is None:
        return None
    match = evidence.search(
        r"exec(?:ve)? (?P<path>/\S+?):? (?:failed: )?exec format error",
        r"exec format error",
        r"(?P<path>/\S+): .{0,8}\x7f?ELF",
    )
    if match is None:
        return None
    path = match.groupdict().get("path") or str(container.raw.get("Path") or "its program")
    head = evidence.read(path, 20) or b""
    is_program = head.startswith(b"\x7fELF") and len(head) >= 20
    if head and not is_program and not head.startswith(b"#!"):
        return Finding(
            f"cannot run {path}: it is neither a program nor does it begin with #!",
            evidence.then(f"begin {path} with a line such as #!/bin/sh"),
            cause="command",
        )
    with answering():
        version: Any = docker.client.api.version()
    here = str(version.get("Arch", "unknown"))
    message = f"cannot run {path}: it was built for another processor than the engine's, {here}"
    if is_program:
        # The sixth byte tells the order of bytes: 2 where the greater half comes first, as on s390x.
        machine = int.from_bytes(head[18:20], "big" if head[5] == 2 else "little")
        made = _MACHINES.get(machine, "another processor")
        if made == here:
            return None
        message = f"cannot run {path}: it was built for {made}, and the engine's machine is {here}"
    of_image = (docker.image(container.image_id) or {}).get("Architecture", here)
    shown = [f"the image {evidence.service.image} is for {of_image}"] if of_image != here else []
    if shown and not evidence.service.built:
        remedy = f"docker pull --platform linux/{here} {evidence.service.image}"
    else:
        remedy = f"build {path} for this machine, platform: linux/{here}, then: {evidence.restart} --no-cache"
    return Finding(message, remedy, shown)


def allow(evidence: Evidence, path: str) -> str:
    """How a file is made executable: in the project's folder if it is from there, else in the image."""
    local = evidence.model.stack.root / evidence.local(path)
    if platform.WINDOWS or not files.is_file(local):
        return evidence.then(f"make {evidence.local(path)} executable (chmod +x, or git update-index --chmod=+x)")
    return shell_words.in_turn(f"chmod +x {shell_words.quoted(local)}", evidence.restart)
