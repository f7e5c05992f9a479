"""The least that uvicorn serves: /health, /slow (a minute), and a word that tests change."""

import asyncio

WORD = "first"


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(60)
    body = f'{{"status": "ok", "word": "{WORD}"}}'.encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
