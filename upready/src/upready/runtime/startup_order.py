"""Start several services at the same time, but each only when its dependencies meet its conditions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

LOOK_EVERY = 0.03
"""Seconds between looks at what is waited for."""


def start(
    after: Mapping[str, Mapping[str, str]],
    begin: Callable[[str, threading.Event], None],
    reached: Callable[[str, str, str, threading.Event], bool],
    cancel: threading.Event,
) -> None:
    """Start services in the order that they ask for.

    Args:
        after: For each service, the services that it waits for, each with compose's condition (`service_healthy`, …). A
            service that is not started here counts as ready.
        begin: Starts one service.
        reached: Whether the second service meets the condition of the first. If it raises, everything ends. Both
            functions get an event that is set once nothing is wanted any more.
        cancel: When set, nothing more is started.

    Raises:
        OpsError: What `begin` or `reached` raises.
    """
    begun = {name: threading.Event() for name in after}
    over = threading.Event()

    def bring_up(name: str) -> None:
        for other, condition in after[name].items():
            # A container of an earlier start says nothing.
            while other in after and not (begun[other].is_set() and reached(name, other, condition, over)):
                if over.wait(LOOK_EVERY):
                    return
        if not over.is_set():
            begin(name, over)
            begun[name].set()

    with ThreadPoolExecutor(max(1, len(after))) as pool:
        futures: list[Future[None]] = [pool.submit(bring_up, name) for name in after]
        try:
            while True:
                done, left = wait(futures, timeout=0.05, return_when=FIRST_EXCEPTION)
                failed = [each for each in done if each.exception()]
                if failed or not left or cancel.is_set():
                    break
        finally:
            # Also after Ctrl-C: no thread starts anything from now on.
            over.set()
    for each in failed:
        each.result()
