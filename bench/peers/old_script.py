"""The old script, ported: start, sleep, look once at what runs. `python -m bench.peers.old_script COMPOSE…`."""

import subprocess
import sys
import time

SLEEP = 10.0
"""Seconds that it sleeps before it looks."""


def main() -> int:
    """Start everything; the words are compose's command."""
    compose = sys.argv[1:]
    subprocess.run([*compose, "up", "--detach"], check=True)
    print("Waiting for services to be ready...")
    time.sleep(SLEEP)
    subprocess.run([*compose, "ps"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
