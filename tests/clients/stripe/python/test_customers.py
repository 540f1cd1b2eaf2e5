"""Customers, test clocks, events."""

from __future__ import annotations

import time

import pytest
import stripe

from conftest import DAY, World


def test_a_customer_is_made_found_changed_and_deleted(world: World) -> None:
    customers = world.v1.customers
    made = customers.create(
        params={
            "name": "Acme",
            "email": "billing@acme.example",
            "description": "a customer",
            "phone": "+1 555",
            "metadata": {"a": "1"},
            "address": {"line1": "Street 1", "city": "Town", "country": "de"},
        }
    )
    assert made.id.startswith("cus_")
    assert (made.name, made.email, made.phone) == ("Acme", "billing@acme.example", "+1 555")
    assert (made.description, made.metadata.to_dict()) == ("a customer", {"a": "1"})
    assert (made.address.line1, made.address.country) == ("Street 1", "DE")
    assert (made.balance, made.delinquent, made.livemode) == (0, False, False)
    assert (made.test_clock, made.shipping, made.tax_exempt) == (None, None, "none")
    assert len(made.invoice_prefix) == 8
    assert customers.retrieve(made.id).to_dict() == made.to_dict()
    done = customers.update(
        made.id, params={"name": "Renamed", "email": "", "metadata": {"a": "", "b": "2"}}
    )
    assert (done.name, done.email, done.metadata.to_dict()) == ("Renamed", None, {"b": "2"})
    seen = world.server.graphql('{ customers(filter: { search: "Renamed" }) { nodes { name } } }')
    assert [node["name"] for node in seen["customers"]["nodes"]] == ["Renamed"]
    gone = customers.delete(made.id)
    assert (gone.id, gone.deleted) == (made.id, True)
    assert customers.retrieve(made.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError) as caught:
        customers.delete(made.id)
    assert caught.value.http_status == 404
    with pytest.raises(stripe.InvalidRequestError):
        customers.update(made.id, params={"name": "x"})
    assert made.id not in [found.id for found in customers.list(params={"limit": 100}).data]


def test_the_books_of_a_deleted_customer_stay(world: World) -> None:
    customer = world.customer(name="Acme").id
    grant = world.grant(customer, 5)
    world.v1.customers.delete(customer)
    got = world.v1.billing.credit_grants.retrieve(grant.id, params={"expand": ["customer"]})
    assert (got.customer.id, got.customer.deleted) == (customer, True)
    with pytest.raises(stripe.InvalidRequestError):
        world.grant(customer)


def test_a_customer_without_anything_is_one(world: World) -> None:
    made = world.v1.customers.create()
    assert (made.name, made.email, made.metadata.to_dict()) == (None, None, {})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        world.v1.customers.create(params={"email": "nonsense"})
    assert caught.value.code == "email_invalid"
    assert caught.value.user_message == "Invalid email address: nonsense"


def test_customers_are_chosen_by_email_and_date(world: World) -> None:
    one = world.customer(email="one@example.com").id
    two = world.customer(email="two@example.com").id
    listing = world.v1.customers.list

    def ids(**params):
        return [found.id for found in listing(params=params).data]

    assert ids(email="one@example.com") == [one]
    assert ids(email="One@example.com") == []
    assert ids(created={"gte": world.now - 60}) == [two, one]
    assert ids(created={"gt": world.now + DAY}) == []


def test_a_clock_moves_the_credit_of_its_customers(world: World) -> None:
    clocks = world.v1.test_helpers.test_clocks
    start = world.now + 100 * DAY
    clock = clocks.create(params={"frozen_time": start, "name": "a clock"})
    assert clock.id.startswith("clock_")
    assert (clock.frozen_time, clock.name, clock.status) == (start, "a clock", "ready")
    assert clock.deletes_after == clock.created + 30 * DAY
    customer = world.v1.customers.create(params={"name": "On a clock", "test_clock": clock.id})
    assert customer.test_clock == clock.id
    first = world.grant(customer.id, 100, expires_at=start + 10 * DAY)
    second = world.grant(customer.id, 50, effective_at=start + 20 * DAY)
    assert (first.test_clock, first.effective_at) == (clock.id, start)
    assert abs(first.created - time.time()) < 60
    assert world.balances(customer.id) == {"usd": (100, 100)}

    advanced = clocks.advance(clock.id, params={"frozen_time": start + 30 * DAY})
    assert advanced.status in ("ready", "advancing")
    deadline = time.time() + 30
    while (got := clocks.retrieve(clock.id)).status == "advancing" and time.time() < deadline:
        time.sleep(0.05)
    assert (got.status, got.frozen_time) == ("ready", start + 30 * DAY)
    assert world.balances(customer.id) == {"usd": (50, 50)}
    assert world.rows(customer=customer.id) == [
        ("credits_granted", 100),
        ("credits_expired", 100),
        ("credits_granted", 50),
    ]
    listed = world.v1.billing.credit_balance_transactions.list(params={"customer": customer.id})
    assert [row.effective_at for row in listed.data] == [
        start + 20 * DAY,
        start + 10 * DAY,
        start,
    ]
    assert all(abs(row.created - time.time()) < 60 for row in listed.data)
    assert {row.test_clock for row in listed.data} == {clock.id}
    expanded = world.v1.billing.credit_grants.retrieve(second.id, params={"expand": ["test_clock"]})
    assert expanded.test_clock.id == clock.id

    with pytest.raises(stripe.InvalidRequestError) as caught:
        clocks.advance(clock.id, params={"frozen_time": start})
    assert (caught.value.http_status, caught.value.param) == (400, "frozen_time")


def test_customers_on_a_clock_are_listed_when_it_is_named(world: World) -> None:
    clocks = world.v1.test_helpers.test_clocks
    clock = clocks.create(params={"frozen_time": world.now})
    on_it = world.v1.customers.create(params={"test_clock": clock.id}).id
    not_on_it = world.customer().id
    everyone = [found.id for found in world.v1.customers.list(params={"limit": 100}).data]
    assert not_on_it in everyone and on_it not in everyone
    named = world.v1.customers.list(params={"test_clock": clock.id}).data
    assert [found.id for found in named] == [on_it]
    gone = clocks.delete(clock.id)
    assert (gone.id, gone.deleted) == (clock.id, True)
    assert world.v1.customers.retrieve(on_it).deleted is True
    with pytest.raises(stripe.InvalidRequestError) as caught:
        clocks.retrieve(clock.id)
    assert caught.value.http_status == 404


def test_events_tell_what_happened(world: World) -> None:
    customer = world.customer(name="Acme")
    grant = world.grant(customer.id, 1000, metadata={"a": "1"})
    world.v1.billing.credit_grants.update(grant.id, params={"metadata": {"a": "2"}})
    voided = world.v1.billing.credit_grants.void_grant(grant.id)
    world.v1.customers.update(customer.id, params={"name": "Renamed"})
    events = world.v1.events.list(params={"limit": 100}).data
    kinds = [event.type for event in reversed(events)]
    wanted = {
        "customer.created": 1,
        "customer.updated": 1,
        "billing.credit_grant.created": 1,
        "billing.credit_grant.updated": 2,
        "billing.credit_balance_transaction.created": 2,
    }
    assert {kind: kinds.count(kind) for kind in wanted} == wanted
    by_kind = {}
    for event in events:
        by_kind.setdefault(event.type, []).append(event)
    [made] = by_kind["billing.credit_grant.created"]
    assert made.id.startswith("evt_")
    assert made.data.object.id == grant.id
    assert made.data.object.metadata.to_dict() == {"a": "1"}
    newest, older = by_kind["billing.credit_grant.updated"]
    assert older.data.previous_attributes.metadata.to_dict() == {"a": "1"}
    assert newest.data.object.voided_at == voided.voided_at
    assert newest.data.previous_attributes["voided_at"] is None
    [renamed] = by_kind["customer.updated"]
    assert renamed.data.object.name == "Renamed"
    assert renamed.data.previous_attributes.name == "Acme"
    got = world.v1.events.retrieve(made.id)
    assert got.to_dict() == made.to_dict()
    only = world.v1.events.list(params={"type": "billing.credit_grant.created"}).data
    assert [event.id for event in only] == [made.id]
    two = world.v1.events.list(params={"types": ["customer.created", "customer.updated"]}).data
    assert {event.type for event in two} >= {"customer.created", "customer.updated"}
    walked = [event.id for event in world.v1.events.list(params={"limit": 2}).auto_paging_iter()]
    assert len(walked) == len(set(walked)) >= 7
