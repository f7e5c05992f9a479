"""A program, or a whole image, made for another kind of processor."""

from __future__ import annotations

from typing import Any

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.runtime.docker.engine import answering

_MACHINES = {0x03: "386", 0x28: "arm", 0x3E: "amd64", 0xB7: "arm64", 0xF3: "riscv64", 0x15: "ppc64le", 0x16: "s390x"}
"""The ELF header's `e_machine` (elf(5)), by the names that images use."""


def find(evidence: Evidence) -> Finding | None:
    """Told by "exec format error", and by a shell that took a program for a script; the ELF header says what it is."""
    container = evidence.container
    if container is None or evidence.docker is None:
        return None
    program = str(container.raw.get("Path") or "")
    match = evidence.search(
        r"exec(?:ve)? (?P<path>/\S+?):? (?:failed: )?exec format error",
        r"exec format error",
        r"(?P<path>/\S+): .{0,8}\x7f?ELF",
    )
    if match is None:
        return None
    path = match.groupdict().get("path") or program
    head = evidence.read(path, 20) or b""
    here = _here(evidence)
    if head.startswith(b"\x7fELF") and len(head) >= 20:
        made = _MACHINES.get(int.from_bytes(head[18:20], "little"), "another processor")
        if made == here:
            return None
        message = f"cannot run {path}: it was built for {made}, and the engine's machine is {here}"
    elif head and not head.startswith(b"#!"):
        return Finding(
            "command",
            f"cannot run {path}: it is neither a program nor does it begin with #!",
            evidence.then(f"begin {path} with a line such as #!/bin/sh"),
        )
    else:
        message = f"cannot run {path}: it was built for another processor than the engine's, {here}"
    other = _image(evidence, here)
    if other and not evidence.service.built:
        remedy = f"docker pull --platform linux/{here} {evidence.service.image}"
    else:
        remedy = f"build {path} for this machine, platform: linux/{here}, then: {evidence.restart} --no-cache"
    return Finding("architecture", message, remedy, other)


def _here(evidence: Evidence) -> str:
    assert evidence.docker is not None  # noqa: S101 - `find` returned without one
    with answering():
        version: Any = evidence.docker.client.api.version()
    return str(version.get("Arch", "unknown"))


def _image(evidence: Evidence, here: str) -> list[str]:
    assert evidence.docker is not None  # noqa: S101 - `find` returned without one
    assert evidence.container is not None  # noqa: S101 - nor without the other
    image = evidence.docker.image(evidence.container.image_id) or {}
    made = image.get("Architecture", here)
    return [f"the image {evidence.service.image} is for {made}"] if made != here else []
