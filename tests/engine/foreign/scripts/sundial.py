"""Shows the hour, which is always three."""

from http.server import BaseHTTPRequestHandler, HTTPServer


class Sundial(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"3")


print("the sun is up", flush=True)
HTTPServer(("", 9000), Sundial).serve_forever()
