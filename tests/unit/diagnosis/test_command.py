"""A command that cannot be run: the engine's or the shell's words, and what the file in the image says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from tests.unit.diagnosis.cases import Machine, replica, told
from tests.unit.replicas import service
from upready.diagnosis.rules import command
from upready.stack.compose_failure import Failure
from upready.support import platform

GONE = 'exec: "/start.sh": stat /start.sh: no such file or directory'
ENDS = "save /start.sh with Unix line ends (LF), and keep it so in .gitattributes (*.sh text eol=lf), then: invoke dev"
CRLF = "it has Windows line ends (CRLF), and the carriage return counts as part of each line"


def elf(machine: int, order: Literal["little", "big"] = "little") -> bytes:
    """The header of a program for a processor, with its order of bytes."""
    kept = {"little": b"\x01", "big": b"\x02"}[order]
    return (b"\x7fELF\x02" + kept).ljust(18, b"\0") + machine.to_bytes(2, order) + bytes(40)


# What was not found.


@pytest.mark.parametrize(
    ("line", "path", "where"),
    [
        ('exec: "curl": executable file not found in $PATH', "curl", "its PATH"),
        (GONE, "/start.sh", "its image"),
        ("[FATAL tini (7)] exec /start.sh failed: No such file or directory", "/start.sh", "its image"),
        ("exec /start.sh: no such file or directory", "/start.sh", "its image"),
    ],
)
def test_a_program_that_is_not_there(line: str, path: str, where: str) -> None:
    assert told(command.find(replica(line))) == (
        "",
        f"cannot run {path}: there is no such file in {where}",
        f"correct command or entrypoint of web, or install {path} in its image, then: invoke dev",
    )


def test_a_script_whose_interpreter_is_not_there() -> None:
    engine = Machine({"/start.sh": b"#! /bin/bash -eu\necho\n"})
    assert told(command.find(replica(GONE, engine=engine))) == (
        "",
        "cannot run /start.sh: its first line asks for /bin/bash, which its image does not have",
        "install /bin/bash in the image, or begin /start.sh with #!/bin/sh, then: invoke dev",
    )
    assert engine.looked == [("web1", "/start.sh", 4096), ("web1", "/bin/bash", 4)]


def test_a_script_whose_interpreter_is_there_lacks_something_else() -> None:
    engine = Machine({"/start.sh": b"#!/bin/sh\n", "/bin/sh": elf(0x3E)})
    message = told(command.find(replica(GONE, engine=engine)))[1]
    assert message == "cannot run /start.sh: there is no such file in its image"


def test_an_interpreter_whose_name_is_no_text_is_shown_all_the_same() -> None:
    message = told(command.find(replica(GONE, engine=Machine({"/start.sh": b"#!/bin/\xff\n"}))))[1]
    assert "asks for /bin/\N{REPLACEMENT CHARACTER}," in message


def test_a_first_line_that_ends_as_on_windows() -> None:
    engine = Machine({"/start.sh": b"#!/bin/sh\r\necho\r\n", "/bin/sh": elf(0x3E)})
    assert told(command.find(replica(GONE, engine=engine))) == ("line-ends", f"cannot run /start.sh: {CRLF}", ENDS)


def test_a_program_without_its_c_library() -> None:
    assert told(command.find(replica(GONE, engine=Machine({"/start.sh": elf(0x3E)})))) == (
        "",
        "cannot run /start.sh: it is there, but not the loader or C library that it was built for (glibc and musl?)",
        "build it on the base image that it runs on, then: invoke dev",
    )


def test_a_provider_is_a_program_of_this_machine() -> None:
    assert command.find(replica(GONE, web=service(provider={"type": "model"}))) is None


# What may not be run.


@pytest.mark.parametrize(
    "line",
    [
        'exec: "/start.sh": permission denied',
        "[FATAL tini (7)] exec /start.sh failed: Permission denied",
        "exec /start.sh: permission denied",
    ],
)
def test_a_file_of_the_image_that_is_not_executable(line: str) -> None:
    assert told(command.find(replica(line))) == (
        "",
        "cannot run /start.sh: it is not executable",
        "make /start.sh executable (chmod +x, or git update-index --chmod=+x), then: invoke dev",
    )


def test_a_file_of_the_project_that_is_not_executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my start.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    raw = {"Mounts": [{"Type": "bind", "Source": str(tmp_path), "Destination": "/app", "RW": True}]}
    one = replica('exec: "/app/my start.sh": permission denied', raw_container=raw, root=tmp_path)
    assert told(command.find(one))[2] == f"chmod +x '{tmp_path}/my start.sh' && invoke dev"
    monkeypatch.setattr(platform, "WINDOWS", True)
    assert told(command.find(one))[2].startswith("make my start.sh executable (chmod +x, or git update-index")


# Line ends.


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("env: 'bash\\r': No such file or directory", "bash"),
        ("env: \u2018python3␍\u2019: No such file or directory", "python3"),
        ("/start.sh: line 2: $'\\r': command not found", "/start.sh"),
        ("/start.sh: 3: exec␍: not found", "/start.sh"),
        ("/start.sh: 2: set: Illegal option -", "/start.sh"),
        ('/start.sh: 7: Syntax error: word unexpected (expecting "do")', "/start.sh"),
        ('/start.sh: 7: Syntax error: word unexpected (expecting "in")', "/start.sh"),
    ],
)
def test_the_words_of_shells_for_windows_line_ends(line: str, path: str) -> None:
    cause, message, _ = told(command.find(replica(line)))
    assert (cause, message) == ("line-ends", f"cannot run {path}: {CRLF}")


@pytest.mark.parametrize(
    ("started", "script"),
    [
        ({"Path": "/start.sh"}, "/start.sh"),
        ({"Path": "/bin/sh", "Args": ["-c", "/start.sh"]}, "/start.sh"),
        ({"Path": None, "Args": None}, "bash"),
        ({"Args": ["/text.txt", "/unix.sh"]}, "bash"),
    ],
)
def test_the_script_with_windows_line_ends_is_named(started: dict[str, Any], script: str) -> None:
    files = {"/start.sh": b"#!/bin/sh\r\n", "/bin/sh": elf(0x3E), "/text.txt": b"a\r\n", "/unix.sh": b"#!/bin/sh\n"}
    engine = Machine(files)
    one = replica("env: 'bash\\r': No such file or directory", engine=engine, raw_container=started)
    assert told(command.find(one))[1].startswith(f"cannot run {script}: it has Windows line ends")
    assert {count for _, _, count in engine.looked} <= {4096}


def test_without_a_container_the_words_alone_tell() -> None:
    failure = Failure("container", "x", stderr="env: 'bash\\r': No such file or directory")
    assert told(command.find(replica(there=False, failure=failure)))[1].startswith("cannot run bash: ")


def test_what_is_no_command_is_left_to_others() -> None:
    assert command.find(replica("ValueError: the moon is not up")) is None


# Another processor.


def wrong(line: str = "exec /srv/run: exec format error", **given: Any) -> tuple[str, str, str] | None:
    """What is said of a program that the kernel of an amd64 machine could not run."""
    files, images, web = given.pop("files", {}), given.pop("images", {}), given.pop("web", None)
    version = given.pop("version", {"Arch": "amd64"})
    engine = Machine(files, images, version=lambda: version)
    one = replica(line, engine=engine, image_id="sha256:1", web=web, raw_container={"Path": "/entry"}, **given)
    found = command.find_architecture(one)
    return told(found) if found else None


def test_a_program_for_another_processor_is_built_for_this_one() -> None:
    assert wrong(files={"/srv/run": elf(0xB7)}) == (
        "",
        "cannot run /srv/run: it was built for arm64, and the engine's machine is amd64",
        "build /srv/run for this machine, platform: linux/amd64, then: invoke dev --no-cache",
    )


@pytest.mark.parametrize(
    ("machine", "name"),
    [(0x03, "386"), (0x28, "arm"), (0xF3, "riscv64"), (0x15, "ppc64le"), (0x99, "another processor")],
)
def test_the_processors(machine: int, name: str) -> None:
    found = wrong(files={"/srv/run": elf(machine)})
    assert found is not None
    assert found[1] == f"cannot run /srv/run: it was built for {name}, and the engine's machine is amd64"


def test_a_processor_whose_numbers_begin_with_their_greater_half() -> None:
    program = {"/srv/run": elf(0x16, "big")}
    found = wrong(files=program)
    assert found is not None
    assert found[1] == "cannot run /srv/run: it was built for s390x, and the engine's machine is amd64"
    assert wrong(files=program, version={"Arch": "s390x"}) is None


def test_a_program_for_this_processor_fails_for_another_reason() -> None:
    assert wrong(files={"/srv/run": elf(0x3E)}) is None


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("exec /srv/run: exec format error", "/srv/run"),
        ("[FATAL tini (7)] exec /srv/run failed: Exec format error", "/srv/run"),
        ("failed to execve /srv/run: exec format error", "/srv/run"),
        ("standard_init_linux.go:228: exec user process caused: exec format error", "/entry"),
        ("/srv/run: 1: \x7fELF: not found", "/srv/run"),
        ("/srv/run: line 1: ELF: not found", "/srv/run"),
    ],
)
def test_the_words_for_another_processor(line: str, path: str) -> None:
    assert wrong(line) == (
        "",
        f"cannot run {path}: it was built for another processor than the engine's, amd64",
        f"build {path} for this machine, platform: linux/amd64, then: invoke dev --no-cache",
    )


def test_an_image_for_another_processor_is_pulled_again() -> None:
    engine = Machine(images={"sha256:1": {"Architecture": "arm64"}}, version=lambda: {"Arch": "amd64"})
    one = replica("exec /srv/run: exec format error", engine=engine, image_id="sha256:1")
    found = command.find_architecture(one)
    assert found is not None
    assert found.next == "docker pull --platform linux/amd64 shop-web"
    assert found.evidence == ["the image shop-web is for arm64"]


def test_an_image_of_the_project_for_another_processor_is_built_again() -> None:
    built = service()
    built = built.__class__(**{**vars(built), "built": True})
    found = wrong(images={"sha256:1": {"Architecture": "arm64"}}, web=built)
    assert found is not None
    assert found[2] == "build /srv/run for this machine, platform: linux/amd64, then: invoke dev --no-cache"


def test_an_image_for_this_processor_proves_nothing() -> None:
    engine = Machine(images={"sha256:1": {"Architecture": "amd64"}}, version=lambda: {"Arch": "amd64"})
    found = command.find_architecture(replica("exec format error", engine=engine, image_id="sha256:1"))
    assert found is not None
    assert found.evidence == []
    assert found.next.startswith("build ")


def test_an_engine_that_does_not_say_its_processor() -> None:
    found = wrong(version={}, images={"sha256:1": {}})
    assert found is not None
    assert found[1].endswith("than the engine's, unknown")
    assert found[2].startswith("build ")


def test_a_script_without_a_first_line_is_no_program() -> None:
    assert wrong(files={"/srv/run": b"echo hello\n"}) == (
        "command",
        "cannot run /srv/run: it is neither a program nor does it begin with #!",
        "begin /srv/run with a line such as #!/bin/sh, then: invoke dev",
    )


def test_a_header_that_is_cut_is_no_program() -> None:
    found = wrong(files={"/srv/run": elf(0xB7)[:19]})
    assert found is not None
    assert found[0] == "command"
    found = wrong(files={"/srv/run": elf(0xB7)[:20]})
    assert found is not None
    assert "it was built for arm64" in found[1]


def test_a_script_may_ask_for_an_interpreter_of_another_processor() -> None:
    found = wrong(files={"/srv/run": b"#!/srv/interpreter\n"})
    assert found is not None
    assert found[1].endswith("another processor than the engine's, amd64")


def test_no_engine_and_no_container_tell_nothing_of_processors() -> None:
    line = "exec /srv/run: exec format error"
    assert command.find_architecture(replica(line)) is None
    assert command.find_architecture(replica(line, engine=Machine(), there=False)) is None
    assert command.find_architecture(replica("fine", engine=Machine())) is None


def test_a_program_whose_path_nobody_tells() -> None:
    engine = Machine(version=lambda: {"Arch": "amd64"})
    found = command.find_architecture(replica("exec format error", engine=engine))
    assert found is not None
    assert found.message == "cannot run its program: it was built for another processor than the engine's, amd64"


def test_no_more_is_read_of_a_program_than_its_header() -> None:
    engine = Machine({"/srv/run": elf(0xB7)}, version=lambda: {"Arch": "amd64"})
    command.find_architecture(replica("exec /srv/run: exec format error", engine=engine))
    assert engine.looked == [("web1", "/srv/run", 20)]
