"""Security headers: browsers allow a page only what it needs."""

from __future__ import annotations

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.types import Scope

from app import prefix

INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
HSTS = "max-age=31536000"


def content_security_policy(**sources: str) -> str:
    """A Content-Security-Policy that allows only the given sources, such as `img_src="'self' data:"`.

    A route sets this header for its page. Every other answer gets the policy that allows nothing.
    """
    allowed = {"default_src": "'none'", "base_uri": "'none'", "form_action": "'none'", "frame_ancestors": "'none'"}
    return "; ".join(f"{name.replace('_', '-')} {value}" for name, value in (allowed | sources).items())


def script_hashes(page: str) -> str:
    """The sources that allow only the inline scripts of this page: their hashes."""
    hashes = (hashlib.sha256(script.encode()).digest() for script in INLINE_SCRIPT.findall(page))
    return " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in hashes)


SECURITY = {
    "Content-Security-Policy": content_security_policy(),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def secure(headers: MutableHeaders, scope: Scope) -> None:
    """Add the security headers that an answer does not have."""
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    if prefix.own_path(scope).startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")
    if scope["scheme"] == "https":  # according to a trusted proxy; browsers ignore the header over http
        headers.setdefault("Strict-Transport-Security", HSTS)
