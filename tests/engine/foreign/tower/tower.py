"""Rings the hour that the sundial shows."""

import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer


class Tower(BaseHTTPRequestHandler):
    def do_GET(self):
        with urllib.request.urlopen(os.environ["SUNDIAL"], timeout=2) as answer:
            hour = int(answer.read())
        body = json.dumps({"status": "healthy", "bells": "dong" * hour}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)


print("the tower is open", flush=True)
HTTPServer(("", 7000), Tower).serve_forever()
