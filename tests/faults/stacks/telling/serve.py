"""Answers and logs with its secret, as it is and as URLs, base64 and JSON write it."""

import base64
import http.server
import json
import os
import sys
import urllib.parse

token = os.environ["TOKEN"]
basic = base64.b64encode(f"user:{token}".encode()).decode()
words = [
    token,
    urllib.parse.quote(f"/{token}", safe=""),
    basic,
    json.dumps({"token": token}),
    f"{token[:9]}\x1b[1m{token[9:]}",
]


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if token in self.path else 403)
        self.end_headers()
        checks = {"db": {"status": "bad", "error": f"refused {words}"}, token: token}
        self.wfile.write(json.dumps({"status": "degraded", "checks": checks, "said": words}).encode())

    def log_message(self, *_: object) -> None:
        pass


for word in words:
    print(word, flush=True)
    print("ERROR:", word, file=sys.stderr, flush=True)
http.server.HTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
