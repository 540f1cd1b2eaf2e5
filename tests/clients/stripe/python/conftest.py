"""What the scenarios are made with: a server of their own, the library, what happened on the wire."""

from __future__ import annotations

import json
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Iterator

import httpx
import pytest
import stripe

sys.path.insert(0, str(Path(__file__).parents[2]))

from harness import Server  # noqa: E402
from published import Stripe as Published  # noqa: E402

KEY = "sk_test_scrip_under_test"
PUBLISHED = Published()
HOUR, DAY = 3600, 24 * 3600
METERED = {"scope": {"price_type": "metered"}}


class Watched(stripe.RequestsClient):
    """Passes on what the library sends, and holds every answer against the published schema."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world = world

    def request(self, method, url, headers, post_data=None):
        content, status, got = super().request(method, url, headers, post_data)
        self.world.note(method, url, status, got, content)
        return content, status, got


class World:
    """A server and the library pointed at it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.faults: list[str] = []
        self.calls: list[tuple[str, str, int, dict[str, str], bytes]] = []
        self.now = int(time.time())
        self.library = self.connect()

    @property
    def v1(self):
        return self.library.v1

    def connect(self, key: str = KEY, base: str | None = None, **more: Any) -> stripe.StripeClient:
        return stripe.StripeClient(
            key,
            base_addresses={"api": base or f"{self.server.url}/stripe"},
            http_client=Watched(self),
            **more,
        )

    def raw(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request as the library would not send it; the answer is validated all the same."""
        more.setdefault("headers", {})
        if "auth" not in more:
            more["headers"] = {"authorization": f"Bearer {KEY}", **more["headers"]}
        answer = httpx.request(method, f"{self.server.url}/stripe{path}", timeout=30, **more)
        self.note(method, path, answer.status_code, dict(answer.headers), answer.content)
        return answer

    def note(self, method: str, url: str, status: int, headers: Any, content: bytes) -> None:
        self.calls.append((method, url, status, headers, content))
        where = f"{method} {url}: {status}"
        lowered = {name.lower(): value for name, value in headers.items()}
        if not lowered.get("content-type", "").startswith("application/json"):
            self.faults.append(f"{where}: media type {lowered.get('content-type')}")
            return
        if not lowered.get("request-id", "").startswith("req_"):
            self.faults.append(f"{where}: Request-Id {lowered.get('request-id')}")
        body = json.loads(content)
        if (status == 200) == bool(body.get("error")):
            self.faults.append(f"{where}: the status and the body disagree: {body}")
        if body.get("object") == "list" and body.get("url") == "/v1/events":
            found = [fault for event in body["data"] for fault in PUBLISHED.faults(event)]
        else:
            found = PUBLISHED.faults(body)
        self.faults.extend(f"{where}: {fault}" for fault in found)

    def customer(self, **given: Any) -> Any:
        return self.v1.customers.create(params=given or {"name": "Acme"})

    def grant(self, customer: str, value: int = 1000, **given: Any) -> Any:
        params = {
            "customer": customer,
            "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": value}},
            "applicability_config": METERED,
            **given,
        }
        return self.v1.billing.credit_grants.create(params=params)

    def spend(self, name: str, amount: str, **more: Any) -> dict[str, Any]:
        """Spends through GraphQL, for the customer of that name."""
        found = self.server.graphql(
            "query Q($name: String!) { customers(filter: { search: $name }) { nodes { id name } } }",
            name=name,
        )
        [customer] = [node for node in found["customers"]["nodes"] if node["name"] == name]
        given = {"customerId": customer["id"], "amount": amount, "idempotencyKey": str(uuid.uuid4())}
        done = self.server.mutate("drawDown", "drawdown { id applied }", **{**given, **more})
        return done["drawdown"]

    def rows(self, **filters: Any) -> list[tuple[str, int]]:
        """What happened to credit, oldest first: the kind and the amount of each row."""
        listed = self.v1.billing.credit_balance_transactions.list(params={"limit": 100, **filters})
        found = []
        for row in reversed(listed.data):
            side = row.credit if row.type == "credit" else row.debit
            assert (row.credit is None) != (row.debit is None)
            found.append((side.type, side.amount.monetary.value))
        return found

    def balances(self, customer: str, **filter: Any) -> dict[str, tuple[int, int]]:
        """Available and ledger balance by currency."""
        if not filter:
            filter = {"type": "applicability_scope", "applicability_scope": {"price_type": "metered"}}
        summary = self.v1.billing.credit_balance_summary.retrieve(
            params={"customer": customer, "filter": filter}
        )
        assert summary.customer == customer
        return {
            balance.available_balance.monetary.currency: (
                balance.available_balance.monetary.value,
                balance.ledger_balance.monetary.value,
            )
            for balance in summary.balances
        }


def make(**more: Any) -> Iterator[World]:
    made = World(Server(key=KEY, **more))
    yield made
    found = made.server.stop(verify=True)
    assert made.faults + found == []


@pytest.fixture
def world() -> Iterator[World]:
    yield from make()


@pytest.fixture
def world_with_root() -> Iterator[World]:
    """A server that also serves Stripe's calls at the root of a listener of their own."""
    yield from make(stripe=True)


@pytest.fixture
def world_with_rate() -> Iterator[World]:
    """A server that takes one request a second of each key, and three at once."""
    yield from make(settings={"SCRIP_RATE_MAX": "1", "SCRIP_RATE_BURST_MAX": "3"})
