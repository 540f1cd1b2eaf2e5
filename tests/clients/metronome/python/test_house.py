"""Customers with their aliases, custom fields, products, pricing units."""

from __future__ import annotations

import pytest
from metronome import BadRequestError, ConflictError, NotFoundError

from conftest import DAY, HOUR, USD, World


def test_a_customer_is_found_by_id_and_alias(world: World) -> None:
    customers = world.library.v1.customers
    made = customers.create(name="Acme", ingest_aliases=["acme@example.com", "acme-2"]).data
    assert (made.name, made.ingest_aliases) == ("Acme", ["acme@example.com", "acme-2"])
    assert made.external_id == "acme@example.com"
    got = customers.retrieve(customer_id=made.id).data
    assert (got.id, got.name, got.ingest_aliases) == (made.id, "Acme", made.ingest_aliases)
    assert got.external_id == "acme@example.com"
    assert (got.custom_fields, got.archived_at) == ({}, None)
    assert [found.id for found in customers.list(ingest_alias="acme-2")] == [made.id]
    assert [found.id for found in customers.list(ingest_alias="acme")] == []
    with pytest.raises(ConflictError):
        customers.create(name="Another", ingest_aliases=["acme-2"])
    plain = customers.create(name="Plain").data
    assert plain.external_id == plain.id


def test_aliases_are_replaced_as_a_set(world: World) -> None:
    customers = world.library.v1.customers
    one = customers.create(name="one", ingest_aliases=["a", "b"]).data.id
    two = customers.create(name="two").data.id
    assert customers.set_ingest_aliases(customer_id=one, ingest_aliases=["b", "c"]) is None
    assert customers.retrieve(customer_id=one).data.ingest_aliases == ["b", "c"]
    # What one has given up another may take.
    customers.set_ingest_aliases(customer_id=two, ingest_aliases=["a"])
    with pytest.raises(ConflictError):
        customers.set_ingest_aliases(customer_id=two, ingest_aliases=["a", "c"])
    assert customers.retrieve(customer_id=two).data.ingest_aliases == ["a"]


def test_a_customer_is_renamed_and_archived(world: World) -> None:
    customers = world.library.v1.customers
    customer = world.customer("before")
    assert customers.set_name(customer_id=customer, name="after").data.name == "after"
    assert customers.retrieve(customer_id=customer).data.name == "after"
    assert customers.archive(id=customer).data.id == customer
    assert customers.retrieve(customer_id=customer).data.archived_at is not None
    assert customer not in [found.id for found in customers.list()]
    assert [found.id for found in customers.list(only_archived=True)] == [customer]
    with pytest.raises((BadRequestError, NotFoundError, ConflictError)):
        world.grant(customer)
    with pytest.raises(NotFoundError):
        customers.retrieve(customer_id="0b1c2d3e-0000-4000-8000-000000000001")


def test_a_name_is_cut_at_160_characters(world: World) -> None:
    made = world.library.v1.customers.create(name="n" * 200).data
    assert made.name == "n" * 160


def test_values_of_custom_fields_need_a_key(world: World) -> None:
    fields, customer = world.library.v1.custom_fields, world.customer()

    def values() -> dict[str, str]:
        return world.library.v1.customers.retrieve(customer_id=customer).data.custom_fields

    given = {"entity": "customer", "entity_id": customer}
    with pytest.raises(BadRequestError):
        fields.set_values(**given, custom_fields={"segment": "small"})
    for key in ("segment", "region"):
        fields.add_key(entity="customer", key=key, enforce_uniqueness=False)
    with pytest.raises(BadRequestError):
        fields.add_key(entity="customer", key="segment", enforce_uniqueness=False)
    fields.set_values(**given, custom_fields={"segment": "small", "region": "eu"})
    fields.set_values(**given, custom_fields={"segment": "large"})
    assert values() == {"segment": "large", "region": "eu"}
    # All or nothing.
    with pytest.raises(BadRequestError):
        fields.set_values(**given, custom_fields={"region": "us", "unknown": "x"})
    with pytest.raises(BadRequestError):
        fields.set_values(**given, custom_fields={"region": "x" * 201})
    assert values() == {"segment": "large", "region": "eu"}
    fields.delete_values(**given, keys=["segment"])
    assert values() == {"region": "eu"}
    fields.remove_key(entity="customer", key="region")
    assert values() == {}
    with pytest.raises(NotFoundError):
        fields.remove_key(entity="customer", key="region")


def test_a_unique_custom_field_has_each_value_once(world: World) -> None:
    fields = world.library.v1.custom_fields
    fields.add_key(entity="customer", key="account", enforce_uniqueness=True)
    one, two = world.customer("one"), world.customer("two")
    fields.set_values(entity="customer", entity_id=one, custom_fields={"account": "1"})
    with pytest.raises((BadRequestError, ConflictError)):
        fields.set_values(entity="customer", entity_id=two, custom_fields={"account": "1"})
    fields.set_values(entity="customer", entity_id=two, custom_fields={"account": "2"})
    [key] = [key for key in fields.list_keys(entities=["customer"]) if key.key == "account"]
    assert (key.entity, key.enforce_uniqueness) == ("customer", True)


def test_custom_fields_of_grants_and_credits_are_returned(world: World) -> None:
    customer = world.customer()
    grant = world.grant(customer, custom_fields={"foo": "g"})
    credit = world.credit(customer, custom_fields={"foo": "c", "campaign": "free-trial"})
    other = world.credit(customer, 5)
    shown = world.library.v1.credit_grants.list(credit_grant_ids=[grant]).data[0]
    assert shown.custom_fields == {"foo": "g"}
    assert world.show(credit, customer).custom_fields == {"foo": "c", "campaign": "free-trial"}
    with pytest.raises(BadRequestError):
        world.grant(customer, custom_fields={"never registered": "x"})
    world.library.v1.custom_fields.set_values(
        entity="contract_credit", entity_id=other, custom_fields={"campaign": "autumn"}
    )
    net = world.library.v1.contracts.get_net_balance
    filters = [{"custom_fields": {"campaign": "autumn"}}]
    assert net(customer_id=customer, filters=filters).data.balance == 5
    filters = [{"custom_fields": {"campaign": "free-trial", "foo": "other"}}]
    assert net(customer_id=customer, filters=filters).data.balance == 0
    seen = world.server.graphql(
        "query Q($id: ID!) { creditGrant(id: $id) { customFields } }", id=grant
    )
    assert seen["creditGrant"]["customFields"] == {"foo": "g"}


def test_a_product_is_made_changed_and_archived(world: World) -> None:
    products = world.library.v1.contracts.products
    made = products.create(name="Credits", type="FIXED", tags=["a", "b"]).data.id
    got = products.retrieve(id=made).data
    assert (got.id, got.type, got.archived_at) == (made, "FIXED", None)
    assert (got.current.name, got.current.tags) == ("Credits", ["a", "b"])
    done = products.update(product_id=made, starting_at=world.hour, name="Renamed", tags=["c"])
    assert done.data.id == made
    got = products.retrieve(id=made).data
    assert (got.initial.name, got.initial.tags) == ("Credits", ["a", "b"])
    assert (got.current.name, got.current.tags) == ("Renamed", ["c"])
    assert [update.name for update in got.updates] == ["Renamed"]
    with pytest.raises(BadRequestError):
        products.update(product_id=made, starting_at=world.hour + HOUR / 3, name="off the hour")
    assert products.archive(product_id=made).data.id == made

    def listed(choice: str) -> bool:
        return made in [product.id for product in products.list(archive_filter=choice)]

    assert (listed("ALL"), listed("ARCHIVED"), listed("NOT_ARCHIVED")) == (True, True, False)
    assert made not in [product.id for product in products.list()]
    with pytest.raises(NotFoundError):
        products.retrieve(id="0b1c2d3e-0000-4000-8000-000000000001")


def test_a_credit_is_booked_under_a_fixed_product(world: World) -> None:
    customer = world.customer()
    usage = world.library.v1.contracts.products.create(name="Usage", type="USAGE").data.id
    with pytest.raises(BadRequestError):
        world.credit(customer, product_id=usage)


def test_a_pricing_unit_is_made_used_and_archived(world: World) -> None:
    units, customer = world.library.v1.pricing_units, world.customer()
    unit = units.create(name="AI credits").data.id
    listed = {found.id: found for found in units.list()}
    assert (listed[unit].name, listed[unit].is_currency) == ("AI credits", False)
    assert (listed[USD].name, listed[USD].is_currency) == ("USD (cents)", True)
    grant = world.grant(customer, grant_amount={"amount": 3.5, "credit_type_id": unit})
    shown = world.library.v1.credit_grants.list(credit_grant_ids=[grant]).data[0]
    assert (shown.grant_amount.credit_type.id, shown.balance.excluding_pending) == (unit, 3.5)
    other = units.create(name="unused").data.id
    assert units.archive(id=other).data.id == other
    assert other not in {found.id for found in units.list()}


def test_an_unlimited_window_of_graphql_still_lists(world: World) -> None:
    """A grant that never expires, as only GraphQL can make it, has to decode here as well."""
    customer = world.customer()
    world.server.mutate(
        "createCreditGrant",
        "creditGrant { id }",
        customerId=customer,
        name="for ever",
        grantAmount={"amount": "10"},
    )
    [shown] = world.library.v1.credit_grants.list(customer_ids=[customer]).data
    assert shown.expires_at > world.now + 365 * DAY
    assert shown.balance.excluding_pending == 10
