"""A server that delivers webhooks, and a receiver that keeps them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness import Server  # noqa: E402

SETTINGS = {
    "SCRIP_WEBHOOK_PRIVATE_ADDRESSES": "true",
    "SCRIP_WEBHOOK_INTERVAL_SECONDS": "1",
    "SCRIP_WEBHOOK_RETRY_SECONDS": "1,1",
}


@dataclass
class Told:
    """A message as it came."""

    headers: dict[str, str]
    body: bytes


class Receiver:
    """Keeps what it is told; `answer` decides the status of each answer."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.answer: Callable[[int], int] = lambda count: 200
        self._changed = threading.Condition()
        own = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with own._changed:
                    own.told.append(Told(headers, body))
                    status = own.answer(len(own.told))
                    own._changed.notify_all()
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait(self, enough: Callable[[list[Told]], bool]) -> list[Told]:
        """What it was told once that is enough."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.told), timeout=30), self.told
            return list(self.told)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(key="sk_test_scrip_under_test", settings=SETTINGS)
    yield made
    assert made.stop(verify=True) == []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()
