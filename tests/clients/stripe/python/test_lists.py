"""Lists: newest first, paged both ways by the library itself."""

from __future__ import annotations

import pytest
import stripe

from conftest import World


def ids(listed) -> list[str]:
    return [item.id for item in listed]


def test_grants_are_paged_in_both_directions(world: World) -> None:
    customer = world.customer().id
    made = [world.grant(customer, value).id for value in range(1, 8)]
    newest = made[::-1]
    world.grant(world.customer().id)
    listing = world.v1.billing.credit_grants.list
    world.calls.clear()
    forward = listing(params={"customer": customer, "limit": 3})
    assert ids(forward.auto_paging_iter()) == newest
    assert len(world.calls) == 3
    # Backwards from the oldest: each page newest first, the library turns them round.
    backward = listing(params={"customer": customer, "limit": 3, "ending_before": made[0]})
    assert ids(backward.auto_paging_iter()) == made[1:]
    page = listing(params={"customer": customer, "limit": 2, "ending_before": newest[4]})
    assert (ids(page.data), page.has_more) == (newest[2:4], True)
    page = listing(params={"customer": customer, "limit": 2, "ending_before": newest[2]})
    assert (ids(page.data), page.has_more) == (newest[0:2], False)
    page = listing(params={"customer": customer, "limit": 5, "starting_after": newest[1]})
    assert (ids(page.data), page.has_more) == (newest[2:7], False)


def test_transactions_customers_and_clocks_are_paged_too(world: World) -> None:
    customer = world.customer().id
    for value in range(1, 6):
        world.grant(customer, value)
    customers = [world.customer(name=f"c{number}").id for number in range(4)]
    clocks = [
        world.v1.test_helpers.test_clocks.create(params={"frozen_time": world.now}).id
        for _ in range(5)
    ]
    listing = world.v1.billing.credit_balance_transactions.list
    rows = list(listing(params={"customer": customer, "limit": 2}).auto_paging_iter())
    assert [row.credit.amount.monetary.value for row in rows] == [5, 4, 3, 2, 1]
    oldest = {"customer": customer, "limit": 2, "ending_before": rows[-1].id}
    back = list(listing(params=oldest).auto_paging_iter())
    assert [row.credit.amount.monetary.value for row in back] == [2, 3, 4, 5]
    found = ids(world.v1.customers.list(params={"limit": 2}).auto_paging_iter())
    assert found[:5] == [*customers[::-1], customer]
    found = ids(world.v1.test_helpers.test_clocks.list(params={"limit": 2}).auto_paging_iter())
    assert found == clocks[::-1]


def test_a_limit_out_of_range_is_clamped(world: World) -> None:
    customer = world.customer().id
    for value in range(1, 13):
        world.grant(customer, value)
    listing = world.v1.billing.credit_grants.list
    lengths = {}
    for limit in (None, -1, 0, 1, 12, 101, 200):
        params = {"customer": customer, **({} if limit is None else {"limit": limit})}
        lengths[limit] = len(listing(params=params).data)
    assert lengths == {None: 10, -1: 1, 0: 1, 1: 1, 12: 12, 101: 12, 200: 12}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        listing(params={"limit": "abc"})
    assert (caught.value.code, caught.value.param) == ("parameter_invalid_integer", "limit")
    assert caught.value.user_message == "Invalid integer: abc"


def test_a_cursor_is_a_position_and_has_to_exist(world: World) -> None:
    customer, other = world.customer().id, world.customer().id
    older = world.grant(customer).id
    between = world.grant(other).id
    newer = world.grant(customer).id
    listing = world.v1.billing.credit_grants.list
    # The filter leaves the grant out that the cursor names: it is a position all the same.
    assert ids(listing(params={"customer": customer, "starting_after": between}).data) == [older]
    assert ids(listing(params={"customer": customer, "ending_before": between}).data) == [newer]
    for cursor in ("starting_after", "ending_before"):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            listing(params={cursor: "credgr_nothing"})
        assert caught.value.http_status == 400
        assert (caught.value.code, caught.value.param) == ("resource_missing", cursor)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        listing(params={"starting_after": older, "ending_before": newer})
    assert caught.value.http_status == 400
    assert caught.value.user_message == (
        "Received both starting_after and ending_before parameters. Please pass in only one."
    )


def test_an_empty_list_is_a_list(world: World) -> None:
    listed = world.v1.billing.credit_grants.list(params={"customer": world.customer().id})
    assert (listed.data, listed.has_more, listed.url) == ([], False, "/v1/billing/credit_grants")
    rows = world.v1.billing.credit_balance_transactions.list()
    assert rows.url == "/v1/billing/credit_balance_transactions"
