"""The API's documentation in the browser: Swagger UI from this service itself, under a policy that allows just that."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from app.headers import content_security_policy, script_hashes

STATIC = "/static-offline-docs"  # where fastapi-offline has its copy

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def get_documentation(request: Request) -> HTMLResponse:
    """Show the API, and let it be tried."""
    base = request.scope.get("root_path", "")
    page = get_swagger_ui_html(
        openapi_url=f"{base}{request.app.openapi_url}",
        title=f"{request.app.title}: the API",
        swagger_js_url=f"{base}{STATIC}/swagger-ui-bundle.js",
        swagger_css_url=f"{base}{STATIC}/swagger-ui.css",
        swagger_favicon_url=f"{base}{STATIC}/favicon.png",
        # Nobody else's server is to judge the document.
        swagger_ui_parameters={"validatorUrl": None},
    )
    page.headers["Content-Security-Policy"] = content_security_policy(
        script_src=f"'self' {script_hashes(bytes(page.body).decode())}",
        style_src="'self' 'unsafe-inline'",  # Swagger UI writes styles into its elements
        img_src="'self' data:",
        connect_src="'self'",
    )
    return page
