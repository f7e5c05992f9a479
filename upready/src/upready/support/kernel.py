"""What this machine's kernel has."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

_IPVS = b"ip_vs.ko"


def has_ipvs() -> bool:
    """Whether it has IPVS, by which Swarm passes requests on: built in, loaded, or as a module that can be loaded.

    Docker Desktop brings a kernel of its own, which has it.
    """
    if sys.platform != "linux":
        return True
    if Path("/proc/net/ip_vs").exists():
        return True
    modules = Path("/lib/modules", os.uname().release)
    for name in ("modules.builtin", "modules.dep"):
        with contextlib.suppress(OSError):
            if _IPVS in (modules / name).read_bytes():
                return True
    return False
