"""The image's HEALTHCHECK: exit 0 if `/health` answers 2xx, else 1. Standard library only, since it runs often."""

from __future__ import annotations

import http.client
import os
import sys


def check(host: str, port: int, timeout: float = 4.0) -> bool:
    """Whether `GET /health` answers with a 2xx status within `timeout` seconds; the answer goes to stdout."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", "/health")
        response = connection.getresponse()
        body = response.read(4096).decode("utf-8", "replace")
    except OSError as error:
        print(f"no answer from port {port}: {error}")  # noqa: T201 - the engine records it
        return False
    finally:
        connection.close()
    print(f"{response.status} {body}")  # noqa: T201 - the engine records it
    return 200 <= response.status < 300


if __name__ == "__main__":
    sys.exit(0 if check("127.0.0.1", int(os.environ.get("PORT", "8000"))) else 1)
