"""Has every answer that the Python library gets held against the published schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from published import Metronome as Published  # noqa: E402

PUBLISHED = Published()


def watch(client: Any, faults: list[str], calls: list[httpx.Response] | None = None) -> None:
    """Adds what is wrong with an answer to `faults`, and each answer to `calls`.

    An answer that the library reads as a stream is left alone: reading it would change the test,
    and every call is also made whole.
    """
    inner = client._client
    if inner.event_hooks["response"]:
        return

    def check(answer: httpx.Response) -> None:
        path = answer.request.url.path.removeprefix("/metronome")
        faults.extend(PUBLISHED.faults(answer.request.method, path, answer))
        if calls is not None:
            calls.append(answer)

    def streams(answer: httpx.Response) -> bool:
        return answer.request.headers.get("x-stainless-raw-response") == "stream"

    def now(answer: httpx.Response) -> None:
        if not streams(answer):
            answer.read()
            check(answer)

    async def later(answer: httpx.Response) -> None:
        if not streams(answer):
            await answer.aread()
            check(answer)

    hook = later if isinstance(inner, httpx.AsyncClient) else now
    inner.event_hooks = {"request": [], "response": [hook]}
