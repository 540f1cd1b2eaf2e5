"""The life of a customer credit: made, spent, listed, corrected, edited, ended, archived."""

from __future__ import annotations

import uuid

import pytest
from metronome import BadRequestError, ConflictError, NotFoundError

from conftest import DAY, HOUR, USD, World

SEEN = """query Seen($id: ID!) { credit(id: $id) {
    name description status priority balance held rateType uniquenessKey
    netsuiteSalesOrderId salesforceOpportunityId applicableProductTags
    applicableProducts { id } product { id }
    accessSchedule { segments { id amount startingAt endingBefore remaining status } }
} }"""


def kinds(credit) -> list[tuple[str, float]]:
    return [(entry.type, entry.amount) for entry in credit.ledger]


def archive(world: World, customer: str, credit: str) -> None:
    """No method of the library: its users call the path themselves."""
    body = {"customer_id": customer, "credit_id": credit}
    done = world.library.post("/v2/contracts/credits/archive", cast_to=object, body=body)
    assert done["data"]["id"] == credit


def test_a_credit_made_here_is_the_same_credit_over_graphql(world: World) -> None:
    customer, product = world.customer(), world.product()
    usage = world.product("API calls")
    credit = world.credit(
        customer,
        1000.5,
        product_id=product,
        name="SLA credit",
        description="after the outage",
        priority=2.5,
        rate_type="COMMIT_RATE",
        applicable_product_ids=[usage],
        applicable_product_tags=["compute"],
        netsuite_sales_order_id="so-1",
        salesforce_opportunity_id="op-1",
        uniqueness_key="sla-1",
    )
    seen = world.server.graphql(SEEN, id=credit)["credit"]
    assert (seen["name"], seen["description"]) == ("SLA credit", "after the outage")
    assert (seen["priority"], seen["rateType"]) == (2.5, "COMMIT_RATE")
    assert (seen["balance"], seen["held"], seen["status"]) == ("1000.5", "0", "ACTIVE")
    assert seen["uniquenessKey"] == "sla-1"
    assert (seen["netsuiteSalesOrderId"], seen["salesforceOpportunityId"]) == ("so-1", "op-1")
    assert [product["id"] for product in seen["applicableProducts"]] == [usage]
    assert seen["applicableProductTags"] == ["compute"]
    assert seen["product"]["id"] == product

    shown = world.show(credit, customer)
    assert (shown.id, shown.type, shown.name, shown.priority) == (credit, "CREDIT", "SLA credit", 2.5)
    assert (shown.product.id, shown.product.name) == (product, "Credits")
    assert shown.contract is None
    assert (shown.applicable_product_ids, shown.applicable_product_tags) == ([usage], ["compute"])
    assert (shown.description, shown.rate_type) == ("after the outage", "COMMIT_RATE")
    assert (shown.netsuite_sales_order_id, shown.salesforce_opportunity_id) == ("so-1", "op-1")
    assert shown.uniqueness_key == "sla-1"
    [segment] = shown.access_schedule.schedule_items
    assert segment.amount == 1000.5
    assert (segment.starting_at, segment.ending_before) == (world.hour - DAY, world.hour + 30 * DAY)
    assert segment.id == seen["accessSchedule"]["segments"][0]["id"]
    assert shown.access_schedule.credit_type.id == USD


def test_the_ledger_of_a_credit_has_types_and_signs_and_sums_to_the_balance(world: World) -> None:
    customer, invoice = world.customer(), str(uuid.uuid4())
    credit = world.credit(
        customer,
        access_schedule={
            "schedule_items": [
                {
                    "amount": 100,
                    "starting_at": world.hour - 9 * DAY,
                    "ending_before": world.hour - 2 * DAY,
                },
                {
                    "amount": 500,
                    "starting_at": world.hour - 2 * DAY,
                    "ending_before": world.hour + 9 * DAY,
                },
                {
                    "amount": 700,
                    "starting_at": world.hour + 9 * DAY,
                    "ending_before": world.hour + 19 * DAY,
                },
            ]
        },
    )
    world.spend(customer, "63.25", invoiceId=invoice)
    shown = world.show(credit, customer)
    # The segment that is still to come is not in the ledger, or the sum would not be the balance.
    assert kinds(shown) == [
        ("CREDIT_SEGMENT_START", 100),
        ("CREDIT_EXPIRATION", -100),
        ("CREDIT_SEGMENT_START", 500),
        ("CREDIT_AUTOMATED_INVOICE_DEDUCTION", -63.25),
    ]
    assert shown.balance == 436.75 == sum(entry.amount for entry in shown.ledger)
    first, second, third = [item.id for item in shown.access_schedule.schedule_items]
    assert [entry.segment_id for entry in shown.ledger] == [first, first, second, second]
    assert third not in [entry.segment_id for entry in shown.ledger]
    assert shown.ledger[-1].invoice_id == invoice
    assert shown.ledger[1].timestamp == world.hour - 2 * DAY

    plain = world.library.v1.customers.credits.list(customer_id=customer).data[0]
    assert (plain.balance, plain.ledger) == (None, None)


def test_manual_entries_show_no_segment(world: World) -> None:
    customer = world.customer()
    credit = world.credit(customer, 1000)
    [segment] = world.show(credit, customer).access_schedule.schedule_items
    for amount, reason in ((-200, "correction"), (50.5, "goodwill")):
        done = world.library.v1.contracts.add_manual_balance_entry(
            id=credit, customer_id=customer, segment_id=segment.id, amount=amount, reason=reason
        )
        assert done is None
    shown = world.show(credit, customer)
    assert shown.balance == 850.5
    entries = [entry for entry in shown.ledger if entry.type == "CREDIT_MANUAL"]
    assert [(entry.amount, entry.reason) for entry in entries] == [(-200, "correction"), (50.5, "goodwill")]
    raw = [call.json() for call in world.calls if call.request.url.path.endswith("Credits/list")][-1]
    manual = [entry for entry in raw["data"][0]["ledger"] if entry["type"] == "CREDIT_MANUAL"]
    assert all("segment_id" not in entry for entry in manual)
    with pytest.raises(NotFoundError):
        world.library.v1.contracts.add_manual_balance_entry(
            id=str(uuid.uuid4()), customer_id=customer, segment_id=segment.id, amount=1, reason="x"
        )


def test_a_manual_entry_with_a_used_key_is_a_conflict(world: World) -> None:
    customer = world.customer()
    credit = world.credit(customer)
    [segment] = world.show(credit, customer).access_schedule.schedule_items
    given = {
        "id": credit,
        "customer_id": customer,
        "segment_id": segment.id,
        "amount": -1,
        "reason": "x",
        "uniqueness_key": "once",
    }
    world.library.v1.contracts.add_manual_balance_entry(**given)
    with pytest.raises(ConflictError):
        world.library.v1.contracts.add_manual_balance_entry(**given)
    assert world.show(credit, customer).balance == 999


def test_an_edit_adds_changes_and_removes_segments(world: World) -> None:
    customer = world.customer()
    credit = world.credit(customer, 100, name="before")
    [segment] = world.show(credit, customer).access_schedule.schedule_items
    edit = world.library.v2.contracts.edit_credit
    done = edit(
        customer_id=customer,
        credit_id=credit,
        name="after",
        description="why",
        priority=7,
        access_schedule={
            "add_schedule_items": [
                {
                    "amount": 30,
                    "starting_at": world.hour + 30 * DAY,
                    "ending_before": world.hour + 60 * DAY,
                }
            ],
            "update_schedule_items": [
                {"id": segment.id, "amount": 120, "ending_before": world.hour + 40 * DAY}
            ],
        },
    )
    assert done.data.id
    shown = world.show(credit, customer)
    assert (shown.name, shown.description, shown.priority) == ("after", "why", 7)
    items = shown.access_schedule.schedule_items
    assert [item.amount for item in items] == [120, 30]
    assert items[0].id == segment.id
    assert items[0].ending_before == world.hour + 40 * DAY
    assert shown.balance == 120 == sum(entry.amount for entry in shown.ledger)
    edit(
        customer_id=customer,
        credit_id=credit,
        access_schedule={"remove_schedule_items": [{"id": items[1].id}]},
    )
    shown = world.show(credit, customer)
    assert [item.amount for item in shown.access_schedule.schedule_items] == [120]


def test_null_clears_in_an_edit_and_absence_leaves(world: World) -> None:
    customer, usage = world.customer(), world.product("API calls")
    credit = world.credit(customer, applicable_product_ids=[usage], name="kept")
    edit = world.library.v2.contracts.edit_credit
    edit(customer_id=customer, credit_id=credit, description="only this")
    assert world.show(credit, customer).applicable_product_ids == [usage]
    edit(customer_id=customer, credit_id=credit, applicable_product_ids=None)
    shown = world.show(credit, customer)
    assert not shown.applicable_product_ids
    assert (shown.name, shown.description) == ("kept", "only this")


def test_the_end_only_moves_earlier(world: World) -> None:
    customer = world.customer()
    credit = world.credit(customer, 100)
    update = world.library.v1.customers.credits.update_end_date
    done = update(
        customer_id=customer, credit_id=credit, access_ending_before=world.hour + 10 * DAY
    )
    assert done.data.id == credit
    [segment] = world.show(credit, customer).access_schedule.schedule_items
    assert segment.ending_before == world.hour + 10 * DAY
    with pytest.raises(BadRequestError):
        update(customer_id=customer, credit_id=credit, access_ending_before=world.hour + 20 * DAY)
    with pytest.raises(NotFoundError):
        update(
            customer_id=customer,
            credit_id=str(uuid.uuid4()),
            access_ending_before=world.hour + DAY,
        )
    update(customer_id=customer, credit_id=credit, access_ending_before=world.hour)
    # Ended now or not: by default a credit that was ended by hand need not be listed.
    shown = world.show(credit, customer, include_archived=True)
    assert shown.balance == 0


def test_an_archived_credit_is_hidden_and_then_empty(world: World) -> None:
    customer = world.customer()
    credit, kept = world.credit(customer, 100), world.credit(customer, 10)
    archive(world, customer, credit)
    assert world.show(credit, customer) is None
    shown = world.show(credit, customer, include_archived=True)
    assert (shown.balance, shown.ledger) == (0, None)
    listed = world.library.v1.customers.credits.list(customer_id=customer).data
    assert [credit.id for credit in listed] == [kept]
    net = world.library.v1.contracts.get_net_balance(customer_id=customer)
    assert net.data.balance == 10


def test_the_net_balance_counts_drafts_unless_it_is_told_not_to(world: World) -> None:
    customer = world.customer()
    credit, other = world.credit(customer, 1000, priority=1), world.credit(customer, 50, priority=2)
    world.grant(customer, 7, priority=9)  # Of the other generation: no part of it.
    world.spend(customer, "300")
    world.spend(customer, "100", hold=True)

    def net(**more) -> float:
        answer = world.library.v1.contracts.get_net_balance(customer_id=customer, **more).data
        assert answer.credit_type_id == more.get("credit_type_id", USD)
        return answer.balance

    assert net() == 650
    assert net(invoice_inclusion_mode="FINALIZED_AND_DRAFT") == 650
    assert net(invoice_inclusion_mode="FINALIZED") == 750
    assert net(filters=[{"ids": [other]}]) == 50
    assert net(filters=[{"ids": [other]}, {"ids": [credit]}]) == 650
    assert net(filters=[{"balance_types": ["PREPAID_COMMIT"]}]) == 0
    assert net(filters=[{"balance_types": ["CREDIT"], "ids": [other]}]) == 50
    assert net(credit_type_id="5ae401dc-a648-4b49-9ac3-391bb5bc4d7b") == 0


def test_balances_list_what_credits_list_and_no_grants(world: World) -> None:
    customer = world.customer()
    credit = world.credit(customer, 1000)
    spent = world.credit(customer, 5, priority=0)
    world.grant(customer)
    world.spend(customer, "5")
    listing = world.library.v1.contracts.list_balances
    shown = listing(customer_id=customer, include_balance=True, include_ledgers=True).data
    assert {(balance.id, balance.type, balance.balance) for balance in shown} == {
        (credit, "CREDIT", 1000),
        (spent, "CREDIT", 0),
    }
    left = listing(customer_id=customer, include_balance=True, exclude_zero_balances=True).data
    assert [balance.id for balance in left] == [credit]
    assert [balance.id for balance in listing(customer_id=customer, id=spent).data] == [spent]


def test_filters_choose_by_window(world: World) -> None:
    customer = world.customer()

    def of(start: int, end: int) -> str:
        item = {
            "amount": 1,
            "starting_at": world.hour + start * DAY,
            "ending_before": world.hour + end * DAY,
        }
        return world.credit(customer, access_schedule={"schedule_items": [item]})

    past, present, future = of(-9, -5), of(-5, 5), of(5, 9)

    def ids(**filters) -> set[str]:
        found = world.library.v1.customers.credits.list(customer_id=customer, **filters)
        return {credit.id for credit in found}

    assert ids() == {past, present, future}
    assert ids(covering_date=world.hour) == {present}
    # Windows are half-open: an instant at which one ends and another starts is the latter's.
    assert ids(covering_date=world.hour + 5 * DAY) == {future}
    assert ids(covering_date=world.hour - 5 * DAY) == {present}
    assert ids(effective_before=world.hour - 5 * DAY) == {past}
    assert ids(effective_before=world.hour + 5 * DAY) == {past, present}
    assert ids(starting_at=world.hour + 5 * DAY) == {future}
    assert ids(starting_at=world.hour + DAY) == {present, future}
    assert ids(credit_id=past) == {past}


def test_times_of_an_access_schedule_are_on_the_hour(world: World) -> None:
    customer = world.customer()
    for start, end in ((HOUR / 2, DAY), (HOUR, DAY + HOUR / 60)):
        item = {"amount": 1, "starting_at": world.hour + start, "ending_before": world.hour + end}
        with pytest.raises(BadRequestError):
            world.credit(customer, access_schedule={"schedule_items": [item]})
    credit = world.credit(customer)
    with pytest.raises(BadRequestError):
        world.library.v1.customers.credits.update_end_date(
            customer_id=customer, credit_id=credit, access_ending_before=world.hour + HOUR / 2
        )


def test_specifiers_stand_alone_and_are_returned(world: World) -> None:
    customer, usage = world.customer(), world.product("API calls")
    specifier = {
        "product_id": usage,
        "product_tags": ["compute"],
        "pricing_group_values": {"region": "eu"},
        "presentation_group_values": {"team": "a"},
    }
    credit = world.credit(customer, specifiers=[specifier])
    [shown] = world.show(credit, customer).specifiers
    assert shown.to_dict() == specifier
    with pytest.raises(BadRequestError):
        world.credit(customer, specifiers=[specifier], applicable_product_ids=[usage])


def test_credits_of_contracts_are_listed_when_asked_for(world: World) -> None:
    customer, product = world.customer(), world.product()
    own = world.credit(customer, 5)
    item = {
        "amount": 70,
        "starting_at": world.hour - DAY,
        "ending_before": world.hour + 30 * DAY,
    }
    contract = world.library.v1.contracts.create(
        customer_id=customer,
        starting_at=world.hour - DAY,
        ending_before=world.hour + 90 * DAY,
        name="Year one",
        credits=[
            {
                "product_id": product,
                "priority": 1,
                "name": "included",
                "access_schedule": {"schedule_items": [item]},
            }
        ],
    ).data.id
    listing = world.library.v1.customers.credits.list
    assert [credit.id for credit in listing(customer_id=customer)] == [own]
    both = list(listing(customer_id=customer, include_contract_credits=True, include_balance=True))
    [included] = [credit for credit in both if credit.id != own]
    assert (included.contract.id, included.name, included.balance) == (contract, "included", 70)
    assert world.show(included.id, customer) is None
    assert world.show(included.id, customer, include_contract_credits=True).balance == 70

    got = world.library.v2.contracts.retrieve(
        customer_id=customer, contract_id=contract, include_balance=True, include_ledgers=True
    ).data
    assert (got.id, got.customer_id, got.name) == (contract, customer, "Year one")
    [credit] = got.credits
    assert (credit.id, credit.balance) == (included.id, 70)
    assert [entry.type for entry in credit.ledger] == ["CREDIT_SEGMENT_START"]

    update = world.library.v1.contracts.update_end_date
    update(customer_id=customer, contract_id=contract, ending_before=world.hour + 10 * DAY)
    shown = world.show(included.id, customer, include_contract_credits=True)
    assert shown.access_schedule.schedule_items[0].ending_before == world.hour + 10 * DAY
    world.library.v1.contracts.archive(
        customer_id=customer, contract_id=contract, void_invoices=True
    )
    shown = world.show(
        included.id, customer, include_contract_credits=True, include_archived=True
    )
    assert shown.balance == 0


def test_what_is_not_served_is_refused_and_not_dropped(world: World) -> None:
    customer, product = world.customer(), world.product()
    create = world.library.v1.contracts.create
    items = [{"amount": 1, "starting_at": world.hour, "ending_before": world.hour + DAY}]
    commit = {"product_id": product, "type": "PREPAID", "access_schedule": {"schedule_items": items}}
    for more in (
        {"commits": [commit]},
        {"overrides": [{"starting_at": world.hour, "type": "MULTIPLIER", "multiplier": 2}]},
        {"package_alias": "gold"},
    ):
        with pytest.raises(BadRequestError):
            create(customer_id=customer, starting_at=world.hour, **more)
    seen = world.server.graphql(
        "query Q($id: ID!) { customer(id: $id) { contracts { nodes { id } } } }", id=customer
    )
    assert seen["customer"]["contracts"]["nodes"] == []


def test_a_contract_with_a_credit_that_is_refused_is_not_made(world: World) -> None:
    customer, product = world.customer(), world.product()
    item = {"amount": -1, "starting_at": world.hour, "ending_before": world.hour + DAY}
    credit = {"product_id": product, "priority": 1, "access_schedule": {"schedule_items": [item]}}
    with pytest.raises(BadRequestError):
        world.library.v1.contracts.create(
            customer_id=customer, starting_at=world.hour, credits=[credit]
        )
    seen = world.server.graphql(
        "query Q($id: ID!) { customer(id: $id) { contracts { nodes { id } } } }", id=customer
    )
    assert seen["customer"]["contracts"]["nodes"] == []


def test_whole_hours_are_a_setting(world_of_minutes: World) -> None:
    world = world_of_minutes
    item = {
        "amount": 5,
        "starting_at": world.hour - DAY + HOUR / 2,
        "ending_before": world.hour + DAY + HOUR / 3,
    }
    customer = world.customer()
    credit = world.credit(customer, access_schedule={"schedule_items": [item]})
    [segment] = world.show(credit, customer).access_schedule.schedule_items
    assert segment.starting_at == world.hour - DAY + HOUR / 2
    assert segment.ending_before == world.hour + DAY + HOUR / 3
