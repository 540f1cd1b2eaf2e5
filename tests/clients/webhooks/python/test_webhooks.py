"""What receivers use to read webhooks takes those of Scrip: Stripe's library, Standard Webhooks'."""

from __future__ import annotations

import json
from typing import Any

import pytest
import standardwebhooks
import stripe

from published import Stripe as Published

FIELDS = "webhookEndpoint { id } secret"
PUBLISHED = Published()


def endpoint(server, receiver, **given: Any) -> tuple[str, str]:
    """Id and secret of a new endpoint."""
    made = server.mutate("createWebhookEndpoint", FIELDS, url=receiver.url, **given)
    return made["webhookEndpoint"]["id"], made["secret"]


def a_customer_spends(server, name: str = "Acme") -> str:
    customer = server.mutate("createCustomer", "customer { id }", name=name)["customer"]["id"]
    server.mutate(
        "createCreditGrant",
        "creditGrant { id }",
        customerId=customer,
        name="Credit",
        grantAmount={"amount": "1000"},
    )
    server.mutate(
        "drawDown", "drawdown { id }", customerId=customer, amount="250", idempotencyKey="once"
    )
    return customer


def kind(told) -> str:
    return json.loads(told.body)["type"]


def test_construct_event_of_stripe_takes_every_event_as_it_is_listed(server, receiver) -> None:
    _, secret = endpoint(server, receiver, format="STRIPE")
    a_customer_spends(server)
    rows = "billing.credit_balance_transaction.created"
    told = receiver.wait(lambda told: len(told) == 4)
    kinds = [kind(each) for each in told]
    assert kinds[0] == "customer.created"
    assert sorted(kinds[1:]) == [rows, rows, "billing.credit_grant.created"]
    library = stripe.StripeClient(
        "sk_test_scrip_under_test", base_addresses={"api": f"{server.url}/stripe"}
    )
    for each in told:
        signature = each.headers["stripe-signature"]
        event = stripe.Webhook.construct_event(each.body, signature, secret)
        assert event.object == "event" and event.data.object.id
        assert PUBLISHED.faults(json.loads(each.body)) == []
        listed = library.v1.events.retrieve(event.id)
        assert listed.to_dict() == event.to_dict()
        assert library.construct_event(each.body, signature, secret).id == event.id
        for body, key in [(each.body + b" ", secret), (each.body, secret + "x")]:
            with pytest.raises(stripe.SignatureVerificationError):
                stripe.Webhook.construct_event(body, signature, key)


def test_the_library_of_standard_webhooks_takes_every_message(server, receiver) -> None:
    _, secret = endpoint(server, receiver, format="SCRIP")
    customer = a_customer_spends(server)
    last = {"credit_grant.created": 1, "ledger_entry.created": 2, "drawdown.created": 1}
    told = receiver.wait(
        lambda told: all([kind(e) for e in told].count(name) == many for name, many in last.items())
    )
    of_customer = []
    for each in told:
        message = standardwebhooks.Webhook(secret).verify(each.body, each.headers)
        assert message["data"]["id"] == each.headers["webhook-id"]
        if message["data"]["customerId"] == customer:
            of_customer.append(message["type"])
        for body, key in [(each.body + b" ", secret), (each.body, "whsec_" + "A" * 44)]:
            with pytest.raises(standardwebhooks.WebhookVerificationError):
                standardwebhooks.Webhook(key).verify(body, each.headers)
    assert of_customer[0] == "customer.created"
    assert "credit_grant.created" in of_customer and "drawdown.created" in of_customer


def test_while_a_secret_is_changed_both_libraries_take_the_old_and_the_new(server, receiver) -> None:
    for format in ["SCRIP", "STRIPE"]:
        given = {"format": format, "eventTypes": ["customer.created"]}
        id, old = endpoint(server, receiver, **given)
        new = server.mutate("rotateWebhookSecret", FIELDS, id=id)["secret"]
        before = len(receiver.told)
        server.mutate("createCustomer", "customer { id }", name="Ann")
        told = receiver.wait(lambda told: len(told) > before)[-1]
        for secret in [old, new]:
            if format == "SCRIP":
                standardwebhooks.Webhook(secret).verify(told.body, told.headers)
            else:
                signature = told.headers["stripe-signature"]
                stripe.Webhook.construct_event(told.body, signature, secret)
        server.mutate("deleteWebhookEndpoint", "webhookEndpoint { id }", id=id)


def test_what_was_not_taken_comes_again_as_the_same_event(server, receiver) -> None:
    _, secret = endpoint(server, receiver, format="STRIPE", eventTypes=["customer.created"])
    receiver.answer = lambda count: 500 if count == 1 else 200
    server.mutate("createCustomer", "customer { id }", name="Ann")
    first, second = receiver.wait(lambda told: len(told) == 2)
    events = [
        stripe.Webhook.construct_event(told.body, told.headers["stripe-signature"], secret)
        for told in (first, second)
    ]
    assert events[0].id == events[1].id
