"""The life of a credit grant: made, spent, listed, edited, voided."""

from __future__ import annotations

import uuid

import pytest
from metronome import BadRequestError, ConflictError

from conftest import DAY, HOUR, USD, World

SEEN = """query Seen($id: ID!) { creditGrant(id: $id) {
    name reason grantType category status remaining held priority effectiveAt expiresAt
    uniquenessKey grantAmount { amount } paidAmount { amount } products { id }
    rollover { kind value priority expiresAt }
} }"""


def listed(world: World, grant: str):
    found = world.library.v1.credit_grants.list(credit_grant_ids=[grant]).data
    assert len(found) <= 1
    return found[0] if found else None


def test_a_grant_made_here_is_the_same_grant_over_graphql(world: World) -> None:
    products = [world.product("API calls"), world.product("Storage")]
    grant = world.grant(
        world.customer(),
        1000.25,
        name="Welcome",
        paid_amount={"amount": 800, "credit_type_id": USD},
        priority=0.5,
        reason="to begin with",
        credit_grant_type="trial",
        product_ids=products,
        uniqueness_key="welcome-1",
        rollover_settings={
            "expires_at": world.hour + 60 * DAY,
            "priority": 2.5,
            "rollover_amount": {"type": "MAX_PERCENTAGE", "value": 0.5},
        },
    )
    seen = world.server.graphql(SEEN, id=grant)["creditGrant"]
    assert seen["name"] == "Welcome"
    assert seen["reason"] == "to begin with"
    assert seen["grantType"] == "trial"
    assert (seen["category"], seen["status"]) == ("PAID", "ACTIVE")
    assert (seen["remaining"], seen["held"], seen["priority"]) == ("1000.25", "0", 0.5)
    assert seen["grantAmount"]["amount"] == "1000.25"
    assert seen["paidAmount"]["amount"] == "800"
    assert seen["uniquenessKey"] == "welcome-1"
    assert [product["id"] for product in seen["products"]] == products
    assert (seen["rollover"]["kind"], seen["rollover"]["value"]) == ("MAX_PERCENTAGE", "0.5")

    shown = listed(world, grant)
    assert (shown.name, shown.reason, shown.credit_grant_type) == ("Welcome", "to begin with", "trial")
    assert (shown.priority, shown.uniqueness_key) == (0.5, "welcome-1")
    assert (shown.grant_amount.amount, shown.paid_amount.amount) == (1000.25, 800)
    assert shown.grant_amount.credit_type.id == USD
    assert shown.grant_amount.credit_type.name == "USD (cents)"
    assert [product.id for product in shown.products] == products
    assert [product.name for product in shown.products] == ["API calls", "Storage"]
    assert shown.effective_at == world.hour - DAY
    assert shown.expires_at == world.hour + 30 * DAY


def test_what_is_spent_is_a_deduction_and_what_is_held_is_pending(world: World) -> None:
    customer, invoice = world.customer(), str(uuid.uuid4())
    grant = world.grant(customer, 1000)
    world.spend(customer, "250.5", invoiceId=invoice, reason="October")
    world.spend(customer, "100", hold=True)

    shown = listed(world, grant)
    assert shown.balance.excluding_pending == 749.5
    assert shown.balance.including_pending == 649.5
    [deduction] = shown.deductions
    assert abs(deduction.amount) == 250.5
    assert deduction.running_balance == 749.5
    assert deduction.credit_grant_id == grant
    assert deduction.invoice_id == invoice
    [pending] = shown.pending_deductions
    assert abs(pending.amount) == 100
    assert pending.running_balance == 649.5

    [of_customer] = world.library.v1.credit_grants.list_entries(customer_ids=[customer]).data
    assert of_customer.customer_id == customer
    [ledger] = of_customer.ledgers
    assert ledger.credit_type.id == USD
    assert ledger.ending_balance.excluding_pending == 749.5
    assert ledger.ending_balance.including_pending == 649.5
    assert ledger.starting_balance.effective_at == world.hour - DAY
    assert ledger.starting_balance.excluding_pending == 1000
    amounts = [(abs(entry.amount), entry.running_balance) for entry in ledger.entries]
    assert amounts == [(1000, 1000), (250.5, 749.5)]
    assert [abs(entry.amount) for entry in ledger.pending_entries] == [100]


def test_the_running_balance_is_of_the_unit_over_all_grants(world: World) -> None:
    customer = world.customer()
    grants = [world.grant(customer, 100, priority=1), world.grant(customer, 200, priority=2)]
    world.spend(customer, "150")
    [of_customer] = world.library.v1.credit_grants.list_entries(customer_ids=[customer]).data
    entries = of_customer.ledgers[0].entries
    assert [entry.running_balance for entry in entries] == [100, 300, 200, 150]
    assert [entry.credit_grant_id for entry in entries] == [*grants, *grants]
    backwards = world.library.v1.credit_grants.list_entries(customer_ids=[customer], sort="desc").data
    assert [entry.running_balance for entry in backwards[0].ledgers[0].entries] == [150, 200, 300, 100]


def test_entries_are_chosen_by_customer_unit_and_date(world: World) -> None:
    customer, other = world.customer("one"), world.customer("two")
    world.grant(customer, 10, effective_at=world.hour - 3 * DAY)
    world.grant(customer, 20, effective_at=world.hour - 2 * DAY)
    world.grant(other, 40)
    library = world.library.v1.credit_grants

    def amounts(**filters):
        rows = library.list_entries(**filters).data
        found = [entry.amount for row in rows for ledger in row.ledgers for entry in ledger.entries]
        return sorted(found)

    assert amounts(customer_ids=[customer]) == [10, 20]
    assert amounts(customer_ids=[customer, other]) == [10, 20, 40]
    late = world.hour - 2 * DAY
    assert amounts(customer_ids=[customer], starting_on=late) == [20]
    assert amounts(customer_ids=[customer], ending_before=late) == [10]
    units = ["5ae401dc-a648-4b49-9ac3-391bb5bc4d7b"]
    assert amounts(customer_ids=[customer], credit_type_ids=units) == []
    [row] = library.list_entries(customer_ids=[customer], starting_on=late).data
    # The starting balance counts what is at that instant, and so do the entries.
    assert row.ledgers[0].starting_balance.excluding_pending == 30


def test_grants_are_chosen_by_customer_unit_and_window(world: World) -> None:
    customer, other = world.customer("one"), world.customer("two")
    early = world.grant(customer, effective_at=world.hour - 9 * DAY, expires_at=world.hour + DAY)
    late = world.grant(customer, effective_at=world.hour - DAY, expires_at=world.hour + 9 * DAY)
    unit = "5ae401dc-a648-4b49-9ac3-391bb5bc4d7b"
    own = world.grant(other, grant_amount={"amount": 5, "credit_type_id": unit})

    def ids(**filters):
        return {grant.id for grant in world.library.v1.credit_grants.list(**filters)}

    assert ids(customer_ids=[customer]) == {early, late}
    assert ids(customer_ids=[customer, other]) == {early, late, own}
    assert ids(customer_ids=[customer, other], credit_type_ids=[unit]) == {own}
    # At or after the instant, and strictly before it.
    assert ids(customer_ids=[customer], not_expiring_before=world.hour + 9 * DAY) == {late}
    assert ids(customer_ids=[customer], effective_before=world.hour - DAY) == {early}
    with pytest.raises(BadRequestError):
        ids(credit_grant_ids=[early], customer_ids=[customer])
    with pytest.raises(BadRequestError):
        ids(credit_grant_ids=[early], credit_type_ids=[unit])


def test_name_expiry_and_type_can_be_edited(world: World) -> None:
    grant = world.grant(world.customer())
    edit = world.library.v1.credit_grants.edit
    assert edit(id=grant).data.id == grant
    done = edit(
        id=grant, name="Renamed", credit_grant_type="goodwill", expires_at=world.hour + 90 * DAY
    )
    assert done.data.id == grant
    shown = listed(world, grant)
    assert (shown.name, shown.credit_grant_type) == ("Renamed", "goodwill")
    assert shown.expires_at == world.hour + 90 * DAY
    edit(id=grant, expires_at=world.hour - HOUR)
    shown = listed(world, grant)
    assert (shown.balance.excluding_pending, shown.balance.including_pending) == (0, 0)


def test_a_voided_grant_is_gone_from_grants_and_entries(world: World) -> None:
    customer = world.customer()
    kept, voided = world.grant(customer, 100), world.grant(customer, 200, uniqueness_key="once")
    assert world.library.v1.credit_grants.void(id=voided).data.id == voided
    shown = world.library.v1.credit_grants.list(customer_ids=[customer]).data
    assert [grant.id for grant in shown] == [kept]
    assert listed(world, voided) is None
    [row] = world.library.v1.credit_grants.list_entries(customer_ids=[customer]).data
    assert {entry.credit_grant_id for entry in row.ledgers[0].entries} == {kept}
    seen = world.server.graphql(SEEN, id=voided)["creditGrant"]
    assert seen["status"] == "VOIDED"


def test_a_void_takes_what_is_left_and_history_stays_in_the_books(world: World) -> None:
    customer = world.customer()
    grant = world.grant(customer, 100)
    held = world.spend(customer, "10", hold=True)
    with pytest.raises(BadRequestError):
        world.library.v1.credit_grants.void(id=grant)
    world.server.mutate("captureDrawdown", "drawdown { id }", id=held["id"])
    world.library.v1.credit_grants.void(id=grant)
    assert listed(world, grant) is None
    seen = world.server.graphql(
        "query Q($id: ID!) { creditGrant(id: $id) { status ledgerEntries { nodes { kind amount } } } }",
        id=grant,
    )["creditGrant"]
    assert seen["status"] == "VOIDED"
    entries = [(entry["kind"], entry["amount"]) for entry in seen["ledgerEntries"]["nodes"]]
    assert entries == [("GRANT", "100"), ("DEDUCTION", "-10"), ("VOID", "-90")]


def test_a_grant_that_has_expired_when_it_is_made_is_one(world: World) -> None:
    """Nothing says when it started: the end is enough to say that nothing is left."""
    customer = world.customer()
    made = world.library.v1.credit_grants.create(
        customer_id=customer,
        name="Too late",
        grant_amount={"amount": 1000, "credit_type_id": USD},
        paid_amount={"amount": 5000, "credit_type_id": USD},
        priority=0.5,
        expires_at=world.hour - 365 * DAY,
    ).data.id
    shown = listed(world, made)
    assert shown.expires_at == world.hour - 365 * DAY
    assert shown.effective_at < shown.expires_at
    assert shown.balance.excluding_pending == 0


def test_a_key_is_used_once_unless_a_void_releases_it(world: World) -> None:
    customer = world.customer()
    grant = world.grant(customer, uniqueness_key="once")
    world.calls.clear()
    with pytest.raises(ConflictError) as caught:
        world.grant(customer, uniqueness_key="once")
    assert caught.value.body == {"message": "This uniqueness key has already been used."}
    # The library tries a conflict again unless it is told not to.
    assert len(world.calls) == 1
    assert caught.value.response.headers["x-should-retry"] == "false"
    world.library.v1.credit_grants.void(id=grant)
    with pytest.raises(ConflictError):
        world.grant(customer, uniqueness_key="once")
    second = world.grant(customer, uniqueness_key="another")
    world.library.v1.credit_grants.void(id=second, release_uniqueness_key=True)
    assert world.grant(customer, uniqueness_key="another") != second


def test_an_expired_grant_is_listed_with_nothing_left(world: World) -> None:
    customer = world.customer()
    grant = world.grant(
        customer, 50, effective_at=world.hour - 9 * DAY, expires_at=world.hour - DAY
    )
    shown = listed(world, grant)
    assert shown.balance.excluding_pending == 0
    assert shown.balance.including_pending == 0
    [row] = world.library.v1.credit_grants.list_entries(customer_ids=[customer]).data
    assert row.ledgers[0].entries[-1].running_balance == 0


def test_decimals_are_taken_as_they_are_written(world: World) -> None:
    customer = world.customer()
    for amount in (0.1, 0.000001, 1234567.891234, 19.99, 4503599627.370496):
        grant = world.grant(customer, amount)
        seen = world.server.graphql(SEEN, id=grant)["creditGrant"]
        assert seen["remaining"] == f"{amount:.6f}".rstrip("0")
        assert listed(world, grant).balance.excluding_pending == amount
    with pytest.raises(BadRequestError):
        world.grant(customer, 0.0000001)
