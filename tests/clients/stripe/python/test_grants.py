"""The life of a billing credit grant."""

from __future__ import annotations

import time

import pytest
import stripe

from conftest import DAY, HOUR, METERED, World


def test_a_grant_with_only_what_it_needs_has_the_defaults(world: World) -> None:
    customer = world.customer(name="Acme").id
    grant = world.grant(customer, 1000)
    assert grant.id.startswith("credgr_")
    assert grant.object == "billing.credit_grant"
    assert grant.amount.to_dict() == {"type": "monetary", "monetary": {"currency": "usd", "value": 1000}}
    assert grant.applicability_config.to_dict() == METERED
    assert (grant.category, grant.priority, grant.metadata.to_dict()) == ("paid", 50, {})
    assert (grant.customer, grant.customer_account, grant.livemode) == (customer, None, False)
    assert (grant.expires_at, grant.name, grant.test_clock, grant.voided_at) == (None,) * 4
    assert abs(grant.effective_at - time.time()) < 60
    assert grant.created == grant.updated
    assert world.v1.billing.credit_grants.retrieve(grant.id).to_dict() == grant.to_dict()


def test_a_grant_with_all_there_is_comes_back_as_it_was_sent(world: World) -> None:
    customer = world.customer(name="Acme").id
    prices = {"scope": {"prices": [{"id": "price_1"}, {"id": "price_2"}]}}
    grant = world.grant(
        customer,
        name="A & b",
        category="promotional",
        priority=10,
        applicability_config=prices,
        effective_at=world.now + DAY,
        expires_at=world.now + 30 * DAY,
        metadata={"order id": "42", "ümlaut": "ß & =", "empty?": "no"},
        expand=["customer"],
    )
    assert (grant.name, grant.category, grant.priority) == ("A & b", "promotional", 10)
    assert grant.applicability_config.to_dict() == prices
    assert (grant.effective_at, grant.expires_at) == (world.now + DAY, world.now + 30 * DAY)
    assert grant.metadata.to_dict() == {"order id": "42", "ümlaut": "ß & =", "empty?": "no"}
    assert (grant.customer.id, grant.customer.object) == (customer, "customer")
    assert world.rows(customer=customer) == []  # Not effective yet.
    assert world.balances(customer) in ({}, {"usd": (0, 0)})


def test_a_grant_made_here_is_the_same_grant_over_graphql(world: World) -> None:
    world.grant(world.customer(name="Acme").id, 1050, name="Seen", priority=7, category="paid")
    found = world.server.graphql(
        "{ creditGrants { nodes { name priority category status remaining "
        "grantAmount { amount creditType { currency } } customer { name } } } }"
    )
    [seen] = [node for node in found["creditGrants"]["nodes"] if node["name"] == "Seen"]
    assert (seen["priority"], seen["category"], seen["status"]) == (7, "PAID", "ACTIVE")
    assert seen["remaining"] == "1050"
    assert seen["grantAmount"]["creditType"]["currency"] == "USD"
    assert seen["customer"]["name"] == "Acme"


def test_metadata_is_merged_and_the_expiry_set_and_cleared(world: World) -> None:
    grants = world.v1.billing.credit_grants
    grant = world.grant(world.customer().id, metadata={"a": "1", "b": "2"})
    done = grants.update(grant.id, params={"metadata": {"b": "", "c": "3"}})
    assert done.metadata.to_dict() == {"a": "1", "c": "3"}
    done = grants.update(grant.id, params={"expires_at": world.now + DAY})
    assert (done.expires_at, done.metadata.to_dict()) == (world.now + DAY, {"a": "1", "c": "3"})
    assert done.updated >= grant.updated
    done = grants.update(grant.id, params={"expires_at": ""})
    assert done.expires_at is None
    done = grants.update(grant.id, params={"metadata": ""})
    assert done.metadata.to_dict() == {}
    assert grants.update(grant.id).to_dict() == done.to_dict()
    assert grants.retrieve(grant.id).to_dict() == done.to_dict()


@pytest.mark.parametrize("field", ["name", "priority", "category", "customer", "effective_at"])
def test_nothing_else_can_be_changed(world: World, field: str) -> None:
    grant = world.grant(world.customer().id, name="kept")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        world.v1.billing.credit_grants.update(grant.id, params={field: "1"})
    assert (caught.value.code, caught.value.param) == ("parameter_unknown", field)
    assert world.v1.billing.credit_grants.retrieve(grant.id).to_dict() == grant.to_dict()


def test_expire_ends_a_partly_used_grant(world: World) -> None:
    customer = world.customer(name="Acme").id
    grant = world.grant(customer, 1000)
    world.spend("Acme", "250", invoiceId="in_october")
    with pytest.raises(stripe.InvalidRequestError) as caught:
        world.v1.billing.credit_grants.void_grant(grant.id)
    assert (caught.value.http_status, caught.value.code) == (400, None)
    done = world.v1.billing.credit_grants.expire(grant.id)
    assert done.expires_at == done.updated
    assert abs(done.expires_at - time.time()) < 60
    assert done.voided_at is None
    assert world.rows(customer=customer) == [
        ("credits_granted", 1000),
        ("credits_applied", 250),
        ("credits_expired", 750),
    ]
    assert world.balances(customer) == {"usd": (0, 0)}
    for again in (world.v1.billing.credit_grants.expire, world.v1.billing.credit_grants.void_grant):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            again(grant.id)
        assert caught.value.http_status == 400


def test_void_undoes_an_unused_grant(world: World) -> None:
    customer = world.customer().id
    grant = world.grant(customer, 1000, expires_at=world.now + DAY)
    done = world.v1.billing.credit_grants.void_grant(grant.id)
    assert done.voided_at == done.updated
    assert abs(done.voided_at - time.time()) < 60
    assert done.expires_at == world.now + DAY
    assert world.rows(customer=customer) == [("credits_granted", 1000), ("credits_voided", 1000)]
    assert world.balances(customer) == {"usd": (0, 0)}
    listed = world.v1.billing.credit_grants.list(params={"customer": customer}).data
    assert [grant.id for grant in listed] == [done.id]
    for again in (world.v1.billing.credit_grants.expire, world.v1.billing.credit_grants.void_grant):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            again(grant.id)
        assert caught.value.http_status == 400


def test_a_grant_to_come_can_be_voided_without_a_row(world: World) -> None:
    customer = world.customer().id
    grant = world.grant(customer, effective_at=world.now + DAY)
    assert world.v1.billing.credit_grants.void_grant(grant.id).voided_at
    assert world.rows(customer=customer) == []


def test_credit_is_spent_in_the_documented_order(world: World) -> None:
    """Priority, then the sooner end, then promotional, then the earlier start."""
    customer = world.customer(name="Acme").id
    soon, late = world.now + 10 * DAY, world.now + 20 * DAY
    ordered = [
        world.grant(customer, 100, priority=0),
        world.grant(customer, 100, expires_at=soon),
        world.grant(customer, 100, expires_at=late, category="promotional"),
        world.grant(customer, 100, expires_at=late, category="paid"),
        world.grant(customer, 100),
        world.grant(customer, 100, priority=51),
    ]
    # Made in another order than they burn in.
    for number, grant in enumerate(ordered):
        world.spend("Acme", "100")
        spent = [world.balances(customer, type="credit_grant", credit_grant=grant.id) for grant in ordered]
        left = [balance["usd"][0] for balance in spent]
        assert left == [0] * (number + 1) + [100] * (5 - number), ordered[number].id


def test_a_currency_is_a_ledger_of_its_own(world: World) -> None:
    for currency, exponent in (("EUR", 2), ("JPY", 0)):
        world.server.mutate(
            "createCreditType",
            "creditType { id }",
            name=currency,
            isCurrency=True,
            currency=currency,
            currencyExponent=exponent,
        )
    customer = world.customer().id
    for currency, value in (("usd", 100), ("eur", 200), ("jpy", 300)):
        amount = {"type": "monetary", "monetary": {"currency": currency, "value": value}}
        assert world.grant(customer, amount=amount).amount.monetary.value == value
    assert world.balances(customer) == {"usd": (100, 100), "eur": (200, 200), "jpy": (300, 300)}
    found = world.server.graphql(
        "{ creditGrants(first: 100) { nodes { grantAmount { amount creditType { currency } } } } }"
    )
    amounts = {
        node["grantAmount"]["creditType"]["currency"]: node["grantAmount"]["amount"]
        for node in found["creditGrants"]["nodes"]
    }
    assert (amounts["EUR"], amounts["JPY"]) == ("200", "300")


def test_an_expired_grant_needs_no_one_to_expire_it(world: World) -> None:
    customer = world.customer().id
    grant = world.grant(customer, 500, expires_at=int(time.time()) + 2)
    assert world.balances(customer) == {"usd": (500, 500)}
    # The one test that has to wait: nothing moves the clock of a customer without a test clock.
    time.sleep(2.2)
    available, _ = world.balances(customer)["usd"]
    assert available == 0
    assert world.rows(credit_grant=grant.id)[-1] == ("credits_expired", 500)


def test_the_filter_of_the_summary_chooses_grants(world: World) -> None:
    customer = world.customer().id
    metered = world.grant(customer, 1)
    one = world.grant(customer, 10, applicability_config={"scope": {"prices": [{"id": "price_1"}]}})
    world.grant(customer, 100, applicability_config={"scope": {"prices": [{"id": "price_2"}]}})
    assert world.balances(customer) == {"usd": (111, 111)}

    def of_prices(*ids: str) -> int:
        scope = {"prices": [{"id": price} for price in ids]}
        found = world.balances(customer, type="applicability_scope", applicability_scope=scope)
        return found["usd"][0]

    assert (of_prices("price_1"), of_prices("price_1", "price_2")) == (11, 111)
    for grant, value in ((metered, 1), (one, 10)):
        found = world.balances(customer, type="credit_grant", credit_grant=grant.id)
        assert found == {"usd": (value, value)}
    assert world.balances(world.customer().id) == {}


def test_rows_tell_grant_invoice_and_line(world: World) -> None:
    customer = world.customer(name="Acme").id
    grant, other = world.grant(customer, 100, priority=1), world.grant(customer, 100, priority=2)
    world.spend("Acme", "150", invoiceId="in_1")
    transactions = world.v1.billing.credit_balance_transactions
    listed = transactions.list(params={"customer": customer}).data
    assert [row.type for row in listed] == ["debit", "debit", "credit", "credit"]
    newest = listed[0]
    assert newest.id.startswith("cbtxn_")
    assert newest.credit_grant == other.id
    assert (newest.debit.type, newest.debit.amount.monetary.value) == ("credits_applied", 50)
    assert newest.debit.credits_applied.invoice == "in_1"
    assert newest.debit.credits_applied.invoice_line_item
    assert transactions.retrieve(newest.id).to_dict() == newest.to_dict()
    expanded = transactions.retrieve(newest.id, params={"expand": ["credit_grant"]})
    assert expanded.credit_grant.to_dict() == other.to_dict()
    of_grant = transactions.list(params={"credit_grant": grant.id}).data
    assert {row.credit_grant for row in of_grant} == {grant.id}
    assert len(of_grant) == 2
    assert abs(listed[0].effective_at - time.time()) < HOUR


def test_what_is_given_back_is_a_row_of_an_invoice_voided(world: World) -> None:
    customer = world.customer(name="Acme").id
    world.grant(customer, 1000)
    spent = world.spend("Acme", "300", invoiceId="in_1")
    world.server.mutate("reverseDrawdown", "drawdown { id }", id=spent["id"])
    assert world.rows(customer=customer) == [
        ("credits_granted", 1000),
        ("credits_applied", 300),
        ("credits_application_invoice_voided", 300),
    ]
    [back, *_] = world.v1.billing.credit_balance_transactions.list(params={"customer": customer}).data
    assert back.credit.credits_application_invoice_voided.invoice == "in_1"
    assert world.balances(customer) == {"usd": (1000, 1000)}
