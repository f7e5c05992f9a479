"""The image's HEALTHCHECK: exit 0 if `/health` answers 2xx, else 1.

It runs four times a second while the service starts, on the same processors. So it imports only a socket:
`http.client` alone would double its cost.
"""

from __future__ import annotations

import os
import socket
import sys


def check(host: str, port: int, timeout: float = 4.0, api_keys: str = "") -> bool:
    """Whether `GET /health` answers with a 2xx status, each read within `timeout` seconds; prints the answer.

    It sends the first of the service's own API keys, so that the answer says why something is not healthy.
    """
    key = api_keys.partition(",")[0].strip().partition(":")[2].partition(":")[0]
    sign = f"Authorization: Bearer {key}\r\n" if key else ""
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(f"GET /health HTTP/1.0\r\nHost: localhost\r\n{sign}\r\n".encode())
            answer = b""
            while len(answer) < 4096 and (chunk := connection.recv(4096)):
                answer += chunk
    except OSError as error:
        print(f"no answer from port {port}: {error}")  # noqa: T201 - the engine records it
        return False
    head, _, body = answer.decode("utf-8", "replace").partition("\r\n\r\n")
    status = head.split(" ")[1] if head.startswith("HTTP/1") else "no HTTP"
    print(f"{status} {body}")  # noqa: T201 - the engine records it
    return len(status) == 3 and status.startswith("2")


if __name__ == "__main__":
    own = os.environ.get("API_KEYS", "")
    sys.exit(0 if check("127.0.0.1", int(os.environ.get("PORT", "8000")), api_keys=own) else 1)
