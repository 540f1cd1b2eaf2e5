"""What the scenarios are made with: a server of their own, the library, what happened on the wire."""

from __future__ import annotations

import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Iterator

import httpx
import pytest
from metronome import Metronome

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from harness import ADMIN_KEY, USD, Server  # noqa: E402
from watch import watch  # noqa: E402

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class World:
    """A server and the library pointed at it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.faults: list[str] = []
        self.calls: list[httpx.Response] = []
        self.now = datetime.now(timezone.utc)
        self.hour = self.now.replace(minute=0, second=0, microsecond=0)
        self.library = self.connect()

    def connect(self, key: str = ADMIN_KEY) -> Metronome:
        """The library with another key; strict: it refuses answers of a wrong form itself."""
        library = Metronome(
            base_url=f"{self.server.url}/metronome",
            bearer_token=key,
            _strict_response_validation=True,
        )
        watch(library, self.faults, self.calls)
        return library

    def customer(self, name: str = "Acme") -> str:
        return self.library.v1.customers.create(name=name).data.id

    def product(self, name: str = "Credits") -> str:
        return self.library.v1.contracts.products.create(name=name, type="FIXED").data.id

    def grant(self, customer: str, amount: float = 1000, **more: Any) -> str:
        given: dict[str, Any] = {
            "customer_id": customer,
            "name": "Grant",
            "grant_amount": {"amount": amount, "credit_type_id": USD},
            "paid_amount": {"amount": 0, "credit_type_id": USD},
            "priority": 1,
            "effective_at": self.hour - DAY,
            "expires_at": self.hour + 30 * DAY,
            **more,
        }
        return self.library.v1.credit_grants.create(**given).data.id

    def credit(self, customer: str, amount: float = 1000, **more: Any) -> str:
        items = [
            {
                "amount": amount,
                "starting_at": self.hour - DAY,
                "ending_before": self.hour + 30 * DAY,
            }
        ]
        given: dict[str, Any] = {
            "customer_id": customer,
            "priority": 1,
            "access_schedule": {"schedule_items": items},
            **more,
        }
        if "product_id" not in given:
            given["product_id"] = self.product()
        return self.library.v1.customers.credits.create(**given).data.id

    def spend(self, customer: str, amount: str, **more: Any) -> dict[str, Any]:
        """Spends or holds through GraphQL."""
        given = {"customerId": customer, "amount": amount, "idempotencyKey": str(uuid.uuid4()), **more}
        return self.server.mutate("drawDown", "drawdown { id applied status }", **given)["drawdown"]

    def show(self, credit: str, customer: str, **more: Any) -> Any:
        """The one credit as lists show it, with balance and ledger; `None`: not listed."""
        found = self.library.v1.customers.credits.list(
            customer_id=customer,
            credit_id=credit,
            include_balance=True,
            include_ledgers=True,
            **more,
        ).data
        assert len(found) <= 1
        return found[0] if found else None


def make(**more: Any) -> Iterator[World]:
    made = World(Server(**more))
    yield made
    found = made.server.stop(verify=True)
    assert made.faults + found == []


@pytest.fixture
def world() -> Iterator[World]:
    yield from make()


@pytest.fixture
def world_of_minutes() -> Iterator[World]:
    """A server that takes access schedules at any instant."""
    yield from make(settings={"SCRIP_METRONOME_WHOLE_HOURS": "false"})


@pytest.fixture
def world_with_rate() -> Iterator[World]:
    """A server that takes one request a second of each key, and three at once."""
    yield from make(settings={"SCRIP_RATE_MAX": "1", "SCRIP_RATE_BURST_MAX": "3"})
