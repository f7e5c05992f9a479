"""The page at `/` and its files, which page/build.mjs has built and compressed."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from app import page_builder
from app.headers import content_security_policy

BUILT = Path(__file__).resolve().parents[1] / "page" / "dist"
"""The built page, beside this package in the image and in a checkout."""

MEDIA_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript"}

# The page loads everything from this server, and runs no inline script. It shows a diagram as an image (blob:, data:),
# which neither runs nor loads anything. Style attributes are allowed, because Chromium writes some into the editor.
PAGE_POLICY = content_security_policy(
    script_src="'self'",
    style_src="'self'",
    style_src_attr="'unsafe-inline'",
    img_src="'self' blob: data:",
    connect_src="'self'",
    frame_src="'self'",
)
# The frame that draws has no origin (sandbox). So it cannot read the page or its API key, and connects to nothing.
# Inline styles are allowed, because Mermaid writes the styles of a picture into the picture.
DRAWING_POLICY = content_security_policy(
    sandbox="allow-scripts",
    script_src="'self'",
    style_src="'unsafe-inline'",
    img_src="data:",
    frame_ancestors="'self'",
)
router = APIRouter(include_in_schema=False)


def wants(request: Request) -> bool:
    """Whether the caller is a browser that opens `/`."""
    return "text/html" in request.headers.get("accept", "")


async def show(request: Request) -> Response:
    """The page, or why it is not built and what to do."""
    settings = request.app.state.services.settings
    if settings.page_node and (notice := await page_builder.notice(settings.page_node, BUILT)):
        return notice
    try:
        content = (BUILT / "index.html.gz").read_bytes()
    except FileNotFoundError:
        return page_builder.missing()
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": PAGE_POLICY, "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={**headers, "Vary": "Accept, Accept-Encoding"})
    return _compressed(request, content, "text/html", {**headers, "Vary": "Accept, Accept-Encoding"})


@router.get("/assets/{name}")
def show_asset(request: Request, name: str) -> Response:
    """A file of the page. Its name contains a hash of its content, so browsers may keep it for ever."""
    path = BUILT / "assets" / f"{name}.gz"
    # Only a plain name is allowed: no `..`, no `\\`, no drive letter.
    if Path(name).name != name or not all(character.isalnum() or character in "-._" for character in name):
        raise HTTPException(404)
    try:
        content = path.read_bytes()
    except (OSError, ValueError):
        raise HTTPException(404) from None
    # The frame that draws has no origin, so its scripts must be readable for every origin.
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if name.endswith(".html"):
        headers |= {"Content-Security-Policy": DRAWING_POLICY, "X-Frame-Options": "SAMEORIGIN"}
    media_type = MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream")
    return _compressed(request, content, media_type, {**headers, "Vary": "Accept-Encoding"})


def _compressed(request: Request, content: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """An answer with a compressed file, unpacked if the client does not accept gzip."""
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers = {**headers, "Content-Encoding": "gzip"}
    else:
        content = gzip.decompress(content)
    return Response(content, media_type=f"{media_type}; charset=utf-8", headers=headers)
