"""Lists over three pages, of all three kinds: cursor in the query, in the query alone, in the body."""

from __future__ import annotations

import pytest
from metronome import BadRequestError

from conftest import World


def walked(pages) -> list[list[str]]:
    """The ids of each page, by the library's own paging."""
    return [[item.id for item in page.data] for page in pages.iter_pages()]


def lengths(pages: list[list[str]]) -> list[int]:
    return [len(page) for page in pages]


def test_grants_over_three_pages(world: World) -> None:
    customer = world.customer()
    made = [world.grant(customer, amount) for amount in range(1, 6)]
    world.grant(world.customer("another"))
    pages = walked(world.library.v1.credit_grants.list(customer_ids=[customer], limit=2))
    assert lengths(pages) == [2, 2, 1]
    assert sorted(sum(pages, [])) == sorted(made)
    # The cursor travels in the query, the filter in the body, though it is a POST.
    calls = world.calls[-3:]
    assert [call.request.url.params.get("limit") for call in calls] == ["2"] * 3
    assert ["next_page" in call.request.url.params for call in calls] == [False, True, True]
    assert [call.json()["next_page"] is None for call in calls] == [False, False, True]


def test_a_page_is_not_shifted_by_what_is_made_meanwhile(world: World) -> None:
    customer = world.customer()
    made = [world.grant(customer, amount) for amount in range(1, 5)]
    first = world.library.v1.credit_grants.list(customer_ids=[customer], limit=2)
    world.grant(customer, 99)
    rest = walked(first.get_next_page())
    seen = [grant.id for grant in first.data] + sum(rest, [])
    assert len(seen) == len(set(seen))
    assert set(made) <= set(seen)


def test_customers_over_three_pages(world: World) -> None:
    before = {customer.id for customer in world.library.v1.customers.list()}
    made = [world.customer(f"customer {number}") for number in range(5)]
    everyone = before | set(made)
    pages = walked(world.library.v1.customers.list(limit=len(everyone) // 2 - 1))
    assert len(pages) == 3
    assert set(sum(pages, [])) == everyone
    assert len(sum(pages, [])) == len(everyone)
    pages = walked(world.library.v1.customers.list(customer_ids=made, limit=2))
    assert lengths(pages) == [2, 2, 1]


def test_products_and_pricing_units_over_three_pages(world: World) -> None:
    for number in range(3):
        world.product(f"product {number}")
        world.library.v1.pricing_units.create(name=f"unit {number}")
    products = walked(world.library.v1.contracts.products.list(limit=3))
    assert lengths(products) == [3, 3, 1]  # Four of the seed.
    units = walked(world.library.v1.pricing_units.list(limit=2))
    assert lengths(units) == [2, 2, 2]  # Two of the seed, and USD.
    for pages in (products, units):
        assert len(set(sum(pages, []))) == sum(lengths(pages))


def test_credits_and_balances_over_three_pages(world: World) -> None:
    customer = world.customer()
    product = world.product()
    made = [world.credit(customer, amount, product_id=product) for amount in range(1, 6)]
    for listing in (world.library.v1.customers.credits.list, world.library.v1.contracts.list_balances):
        pages = walked(listing(customer_id=customer, limit=2, include_balance=True))
        assert lengths(pages) == [2, 2, 1]
        assert sorted(sum(pages, [])) == sorted(made)
        calls = world.calls[-3:]
        assert not any(call.request.url.query for call in calls)


def test_a_body_list_has_25_at_most_and_by_default(world: World) -> None:
    customer, product = world.customer(), world.product()
    for _ in range(27):
        world.credit(customer, product_id=product)
    listing = world.library.v1.customers.credits.list
    assert lengths(walked(listing(customer_id=customer))) == [25, 2]
    assert lengths(walked(listing(customer_id=customer, limit=25))) == [25, 2]
    for limit in (0, 26):
        with pytest.raises(BadRequestError):
            listing(customer_id=customer, limit=limit)


def test_a_query_list_has_1_to_100(world: World) -> None:
    for limit in (0, 101):
        with pytest.raises(BadRequestError):
            world.library.v1.credit_grants.list(limit=limit)
    world.library.v1.credit_grants.list(limit=100)


def test_entries_page_by_a_cursor_alone(world: World) -> None:
    customers = [world.customer(f"customer {number:03}") for number in range(60)]
    for customer in customers:
        world.grant(customer, 1)
    pages = world.library.v1.credit_grants.list_entries()
    seen = [row.customer_id for row in pages]
    assert set(customers) <= set(seen)
    assert len(seen) == len(set(seen))


def test_custom_field_keys_are_all_found(world: World) -> None:
    for number in range(7):
        world.library.v1.custom_fields.add_key(
            entity="credit_grant", key=f"key_{number}", enforce_uniqueness=False
        )
    found = {key.key for key in world.library.v1.custom_fields.list_keys(entities=["credit_grant"])}
    assert found == {"foo", *(f"key_{number}" for number in range(7))}


def test_a_cursor_is_good_for_its_own_list_only(world: World) -> None:
    customer, other = world.customer("one"), world.customer("two")
    for _ in range(2):
        world.grant(customer)
        world.grant(other)
    listing = world.library.v1.credit_grants.list
    cursor = listing(customer_ids=[customer], limit=1).next_page
    assert cursor
    with pytest.raises(BadRequestError):
        listing(customer_ids=[other], limit=1, next_page=cursor)
    with pytest.raises(BadRequestError):
        listing(next_page="made up")
