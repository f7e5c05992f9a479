"""The meaning of a container's exit code."""

from __future__ import annotations

_MEANINGS = {
    125: "the engine could not run it",
    126: "the command was found, but could not be run",
    127: "the command was not found",
    128: "an invalid exit code",
    129: "SIGHUP: its terminal was closed",
    130: "SIGINT: it was interrupted",
    131: "SIGQUIT: it was asked to quit",
    132: "SIGILL: an instruction that this processor does not have; built for another one?",
    134: "SIGABRT: it gave up by itself, as after a failed assertion",
    135: "SIGBUS: a bad memory access; a full /dev/shm can be why",
    136: "SIGFPE: an arithmetic error, such as a division by zero",
    139: "SIGSEGV: a bad memory access; a fault of the program or of one of its native libraries",
    143: "SIGTERM: it was asked to stop",
}


def meaning(code: int, *, oom: bool = False) -> str:
    """The meaning of an exit code, in words; empty where only the program knows it. `oom`: memory ran out."""
    if oom:
        return "killed by the kernel: it was out of memory"
    if code == 137:
        return "SIGKILL: killed from outside, as by `kill -9`, or because it did not stop when asked"
    return _MEANINGS.get(code, "")
