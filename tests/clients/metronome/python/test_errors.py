"""Every class of error that the server can cause, as the library raises it."""

from __future__ import annotations

import uuid

import pytest
from metronome import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)

from conftest import DAY, USD, World

NOBODY = "0b1c2d3e-0000-4000-8000-000000000001"


def refused(error, call, status: int) -> dict:
    """The body that comes with an error."""
    with pytest.raises(error) as caught:
        call()
    assert caught.value.status_code == status
    assert caught.value.response.headers["content-type"].startswith("application/json")
    body = caught.value.body
    assert isinstance(body, dict) and body["message"]
    return body


def test_a_wrong_token_is_401(world: World) -> None:
    stranger = world.connect("not a key")
    refused(AuthenticationError, stranger.v1.customers.list, 401)
    refused(AuthenticationError, lambda: stranger.v1.customers.create(name="x"), 401)


def test_a_key_that_only_reads_is_403(world: World) -> None:
    reader = world.connect(world.server.another_key("reader"))
    assert reader.v1.customers.list(limit=1).data
    refused(PermissionDeniedError, lambda: reader.v1.customers.create(name="x"), 403)
    customer = world.customer()
    assert reader.v1.credit_grants.list(customer_ids=[customer]).data == []
    refused(
        PermissionDeniedError,
        lambda: reader.v1.credit_grants.create(
            customer_id=customer,
            name="x",
            grant_amount={"amount": 1, "credit_type_id": USD},
            paid_amount={"amount": 0, "credit_type_id": USD},
            priority=1,
            expires_at=world.now + DAY,
        ),
        403,
    )


def test_unknown_things_are_404(world: World) -> None:
    library = world.library
    refused(NotFoundError, lambda: library.post("/_stainless_unknown_path", cast_to=object), 404)
    refused(NotFoundError, lambda: library.get("/_stainless_unknown_path", cast_to=object), 404)
    refused(NotFoundError, lambda: library.get("/v1/nothing", cast_to=object), 404)
    refused(NotFoundError, lambda: library.v1.customers.retrieve(customer_id=NOBODY), 404)
    refused(NotFoundError, lambda: library.v1.contracts.products.retrieve(id=NOBODY), 404)
    customer = world.customer()
    refused(
        NotFoundError,
        lambda: library.v1.contracts.update_end_date(
            customer_id=customer, contract_id=NOBODY, ending_before=world.hour
        ),
        404,
    )


def test_a_customer_unknown_to_v2_is_400_with_a_code(world: World) -> None:
    edit = world.library.v2.contracts.edit_credit
    body = refused(BadRequestError, lambda: edit(customer_id=NOBODY, credit_id=NOBODY), 400)
    assert body["code"] == "CustomerNotFound"
    body = refused(
        BadRequestError,
        lambda: world.library.post(
            "/v2/contracts/credits/archive",
            cast_to=object,
            body={"customer_id": NOBODY, "credit_id": NOBODY},
        ),
        400,
    )
    assert body["code"] == "CustomerNotFound"
    get = world.library.v2.contracts.retrieve
    body = refused(BadRequestError, lambda: get(customer_id=NOBODY, contract_id=NOBODY), 400)
    assert body["code"] == "CustomerNotFound"
    customer = world.customer()
    body = refused(BadRequestError, lambda: get(customer_id=customer, contract_id=NOBODY), 400)
    assert body["code"] == "ContractNotFound"


def test_what_is_out_of_form_is_400(world: World) -> None:
    customer, library = world.customer(), world.library
    for wrong in (
        lambda: library.v1.credit_grants.list(customer_ids=["no uuid"]),
        lambda: world.grant("no uuid"),
        lambda: world.grant(customer, 0),
        lambda: world.grant(customer, -5),
        lambda: world.grant(customer, priority=-1),
        lambda: world.grant(customer, uniqueness_key=""),
        lambda: world.grant(customer, uniqueness_key="x" * 129),
        lambda: world.grant(customer, effective_at=world.hour, expires_at=world.hour - DAY),
        lambda: world.credit(customer, access_schedule={"schedule_items": []}),
        lambda: world.credit(customer, rate_type="NO_RATE"),
        lambda: library.v1.credit_grants.edit(id="no uuid"),
        lambda: library.v1.contracts.products.create(name="x", type="NONE"),
        lambda: library.v1.credit_grants.list_entries(ending_before=world.now + DAY),
        lambda: library.post("/v1/credits/createGrant", cast_to=object, body={}),
        lambda: library.post("/v1/credits/createGrant", cast_to=object, body=[]),
        lambda: library.post("/v1/contracts/customerCredits/list", cast_to=object),
    ):
        refused(BadRequestError, wrong, 400)


def test_what_a_grant_names_has_to_exist(world: World) -> None:
    customer = world.customer()
    for wrong in (
        lambda: world.grant(NOBODY),
        lambda: world.grant(customer, product_ids=[NOBODY]),
        lambda: world.grant(customer, grant_amount={"amount": 1, "credit_type_id": NOBODY}),
    ):
        # The call declares neither.
        with pytest.raises((BadRequestError, NotFoundError)):
            wrong()
    assert world.library.v1.credit_grants.list(customer_ids=[customer]).data == []


def test_a_refusal_is_sent_once(world: World) -> None:
    """Libraries try a conflict again; one that is meant says that it need not be tried."""
    customer = world.customer()
    for call, key in (
        (lambda: world.grant(customer, uniqueness_key="g"), "g"),
        (lambda: world.credit(customer, uniqueness_key="c", product_id=product), "c"),
    ):
        product = world.product()
        call()
        world.calls.clear()
        body = refused(ConflictError, call, 409)
        assert body["message"] == "This uniqueness key has already been used.", key
        assert len(world.calls) == 1


def test_keys_of_grants_and_of_credits_are_two_spaces(world: World) -> None:
    customer = world.customer()
    world.grant(customer, uniqueness_key="same")
    world.credit(customer, uniqueness_key="same")
    other = world.customer("another")
    # One space over all customers.
    with pytest.raises(ConflictError):
        world.grant(other, uniqueness_key="same")
    with pytest.raises(ConflictError):
        world.credit(other, uniqueness_key="same")


def test_an_idempotency_key_answers_the_same_again(world: World) -> None:
    customer = world.customer()
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = world.grant(customer, 5, extra_headers=key)
    assert world.grant(customer, 5, extra_headers=key) == first
    assert len(world.library.v1.credit_grants.list(customer_ids=[customer]).data) == 1
    refused(ConflictError, lambda: world.grant(customer, 6, extra_headers=key), 409)


def test_a_credit_of_another_customer_is_not_found(world: World) -> None:
    mine, yours = world.customer("mine"), world.customer("yours")
    credit = world.credit(mine)
    refused(
        NotFoundError,
        lambda: world.library.v1.customers.credits.update_end_date(
            customer_id=yours, credit_id=credit, access_ending_before=world.hour
        ),
        404,
    )
    assert world.show(credit, yours) is None


def test_an_empty_body_is_no_filter(world: World) -> None:
    """These calls have no required field; clients send `{}` or nothing at all."""
    for path in (
        "/v1/credits/listGrants",
        "/v1/credits/listEntries",
        "/v1/contract-pricing/products/list",
        "/v1/customFields/listKeys",
    ):
        for body in ({}, None):
            answer = world.library.post(path, cast_to=object, body=body)
            assert isinstance(answer["data"], list)
            assert "next_page" in answer


def test_too_many_requests_are_429(world_with_rate: World) -> None:
    hasty = world_with_rate.connect().with_options(max_retries=0)

    def many() -> None:
        for _ in range(20):
            hasty.v1.customers.list(limit=1)

    refused(RateLimitError, many, 429)
