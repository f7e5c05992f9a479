"""Show logs in Dozzle's way: a stream of the engine for each container, each line as it comes, in no order of time.

`python -m bench.peers.follow PROJECT [--tail N] [--follow]` writes `service | line`.
"""

import argparse
import sys
import threading
from typing import Any

import docker


def main() -> int:
    """Show the logs of all containers of a compose project."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project")
    parser.add_argument("--tail", default="all")
    parser.add_argument("--follow", action="store_true")
    options = parser.parse_args()
    client = docker.from_env()
    found = client.containers.list(all=True, filters={"label": f"com.docker.compose.project={options.project}"})
    tail = options.tail if options.tail == "all" else int(options.tail)
    lock = threading.Lock()
    threads = [threading.Thread(target=show, args=(each, tail, options.follow, lock), daemon=True) for each in found]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return 0


def show(container: Any, tail: int | str, follow: bool, lock: threading.Lock) -> None:
    """Show the lines of one container, whole ones only: a stream's parts end where they like."""
    service = container.labels["com.docker.compose.service"]
    rest = b""
    for part in container.logs(stream=True, follow=follow, tail=tail):
        *lines, rest = (rest + part).split(b"\n")
        text = b"".join(b"%b | %b\n" % (service.encode(), line) for line in lines)
        with lock:
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
