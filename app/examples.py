"""Examples for the API's documentation: requests that work, and an answer of each kind."""

from __future__ import annotations

from typing import Any

ID = "01a20ac0-9469-754c-8c35-0bbbd71ab697"
PROMPT = "An order is paid and shipped"
CODE = "flowchart LR\n  A[Order] --> B{Paid?}\n  B -->|yes| C[Ship]"
BROKEN = "flowchart LR\n  A[Order --> B"

UNREAD = "The body could not be read as JSON: is it UTF-8, not nested too deeply, and without very long numbers?"

VALIDATE_REQUESTS: dict[str, Any] = {"valid": {"value": {"code": CODE}}, "invalid": {"value": {"code": BROKEN}}}
CREATE_REQUESTS: dict[str, Any] = {
    "short": {"value": {"prompt": PROMPT}},
    "full": {
        "value": {
            "prompt": "Log-in with a second factor",
            "diagram_type": "sequence",
            "model": "openai/gpt-4o-mini",
            "title": "Log-in",
        }
    },
    "own code": {"value": {"code": CODE, "title": "Orders"}},
}
RENAME_REQUESTS: dict[str, Any] = {"title": {"value": {"title": "Orders, paid"}}}
CHANGE = "Add a step that sends an invoice"
REVISION_REQUESTS: dict[str, Any] = {
    "change": {"value": {"change": CHANGE, "base": 1}},
    "own code": {"value": {"code": CODE}},
    "undo": {"value": {"revision": 1}},
}

VERDICTS: list[Any] = [
    {"valid": True, "drawable": None, "reason": None, "diagram_type": "flowchart-v2", "errors": []},
    {
        "valid": False,
        "drawable": False,
        "reason": None,
        "diagram_type": "flowchart-v2",
        "errors": [
            {
                "message": "What `[` opens here is not closed; add `]`.",
                "line": 2,
                "column": 4,
                "excerpt": "  A[Order --> B",
                "fix": {"line": 2, "column": 10, "remove": 0, "insert": "]"},
            }
        ],
    },
]
STORED: dict[str, Any] = {
    "id": ID,
    "title": PROMPT,
    "created_at": "2026-11-23T23:32:00.123456Z",
    "updated_at": "2026-11-23T23:32:00.123456Z",
    "deleted_at": None,
    "revision": 1,
    "prompt": PROMPT,
    "code": CODE,
    "diagram_type": "flowchart-v2",
    "model": "openrouter/auto",
    "validated": True,
    "attempts": 1,
    "warnings": [],
}
UNSTORED: dict[str, Any] = {
    **STORED,
    "id": None,
    "created_at": None,
    "updated_at": None,
    "revision": None,
    "warnings": ["It was not stored: no database is configured."],
}
REVISIONS: dict[str, Any] = {
    "items": [
        {
            "revision": 2,
            "created_at": "2026-11-23T23:33:00.123456Z",
            "change": CHANGE,
            "restored": None,
            "code": CODE,
            "diagram_type": "flowchart-v2",
            "validated": True,
            "source": "model",
        }
    ],
    "next": 2,
}
EVENTS = """\
event: attempt
data: {"attempt":1,"attempts":3}

event: token
data: {"text":"flowchart LR"}

event: diagram
data: {"id":"…"}

"""
TYPES: dict[str, Any] = {"types": [{"type": "flowchart-v2", "aliases": ["graph", "flow"]}]}
PAGE: dict[str, Any] = {"items": [STORED], "next": ID}

HEALTH: dict[str, Any] = {
    "status": "degraded",
    "timestamp": "2026-11-23T23:32:00.123456Z",
    "version": "0.1.0",
    "uptime_seconds": 12.3,
    "checks": {
        "openrouter_api": {"status": "missing", "variable": "OPENROUTER_API_KEY"},
        "mcp_server": {"status": "healthy", "latency_ms": 4.2},
        "database": {"status": "healthy", "latency_ms": 1.1},
    },
}
SESSION: dict[str, Any] = {"name": "default", "scopes": ["read", "write"], "key_required": True, "generation": True}
ROOT: dict[str, Any] = {
    "name": "BA Copilot AI",
    "version": "0.1.0",
    "links": {"docs": "/docs", "openapi": "/openapi.json", "health": "/health", "diagrams": "/api/v1/diagrams"},
}

# A problem of each status.
PROBLEMS: dict[int, dict[str, Any]] = {
    400: {"type": "about:blank", "title": "Bad Request", "detail": UNREAD},
    401: {
        "type": "no-api-key",
        "title": "An API key is needed",
        "detail": "Send an API key in the header `Authorization: Bearer KEY`. "
        "Whoever runs the service has one for you.",
    },
    403: {
        "type": "scope-missing",
        "title": "The API key may not do this",
        "detail": "The key reports may only read; this needs write.",
    },
    404: {"type": "no-such-diagram", "title": "No such diagram", "detail": f"No diagram has the id {ID}."},
    409: {
        "type": "revision-conflict",
        "title": "Somebody else changed the diagram",
        "detail": "The newest revision is 3, not 2. Look at it, then send the request with its number.",
    },
    408: {"type": "about:blank", "title": "Request Timeout", "detail": "The body did not arrive within 10 s."},
    413: {"type": "about:blank", "title": "Request Entity Too Large", "detail": "A body may have 1048576 bytes."},
    415: {
        "type": "unsupported-media-type",
        "title": "The body is not sent as JSON",
        "detail": "Send the body as JSON, with the header Content-Type: application/json.",
    },
    422: {
        "type": "invalid-request",
        "title": "The request is invalid",
        "detail": "`code` is missing.",
        "errors": [{"where": "body.code", "message": "`code` is missing."}],
    },
    429: {
        "type": "rate-limited",
        "title": "Too many requests",
        "detail": "600 requests a minute are allowed. Try again in 42 s.",
    },
    502: {
        "type": "llm-empty",
        "title": "The model wrote nothing",
        "detail": "the model answered nothing. Try again, or name another `model`.",
    },
    503: {
        "type": "database-unavailable",
        "title": "The database is not available",
        "detail": "The database does not answer. Try again shortly; /health says why.",
    },
    504: {
        "type": "llm-timeout",
        "title": "The model took too long",
        "detail": "the time of 90 s was over. Try again, ask for less, or name a quicker `model`.",
    },
}
