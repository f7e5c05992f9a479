"""`invoke watch` without an engine: a service is restarted after an edit, judged, and explained where it fails."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import documents
from tests.conftest import unique_name
from tests.engine.conftest import interrupt, write_tasks
from tests.native.conftest import Market

SERVER = """
import http.server, os
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'one')
    def log_message(self, *_): pass
http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Answers).serve_forever()
"""

COMPOSE = """
services:
  web:
    image: none
    x-ops:
      health: http://127.0.0.1:${WEB_PORT}/
      native: {command: ["{python}", server.py], environment: {PORT: "${WEB_PORT}"}}
    develop:
      watch:
        - {action: sync+restart, path: ./server.py, target: /server.py}
        - {action: sync, path: ./pages, target: /pages}
"""


@pytest.mark.slow
def test_an_edit_restarts_what_must_be_restarted(root: Path, free_port: Callable[[], int]) -> None:
    write_tasks(root)
    project = Market(root, unique_name("watch"), {"WEB_PORT": str(free_port())})
    project.write("compose.yaml", COMPOSE)
    project.write("server.py", SERVER)
    project.write("pages/a", "1")
    assert project.invoke("watch").code == 2, "nothing runs"
    project.ok("dev", "--runtime", "native")
    assert "would watch server.py: restart web\n" in project.ok("--dry", "watch").out
    task = project.begin("watch", "--json")
    try:
        assert task.stdout is not None

        def after(kind: str) -> dict[str, object]:
            while True:
                assert task.stdout is not None
                event = json.loads(task.stdout.readline())
                documents.hold("watch", event)
                if event["event"] == kind:
                    return dict(event)

        after("watching")
        first = project.first("web").pid
        project.write("pages/a", "2")
        after("ready")
        assert project.first("web").pid == first, "it reads the same files"
        project.write("server.py", SERVER.replace("one", "two"))
        after("ready")
        with urllib.request.urlopen(f"http://127.0.0.1:{project.port('web')}/") as answer:
            assert answer.read() == b"two"
        project.write("server.py", "raise SystemExit('no shop today')")
        assert "no shop today" in json.dumps(after("unready")["failures"])
        project.write("server.py", SERVER)
        after("ready")
        assert interrupt(task).code == 130
        assert project.states() == {"web": "running"}
    finally:
        task.kill()
        task.wait()
        project.stopped()
