"""Every class of error that the server can cause, with the documented texts."""

from __future__ import annotations

import pytest
import stripe

from conftest import DAY, METERED, World

DOC = "https://stripe.com/docs/error-codes/"


def refused(call, status: int = 400, kind: type = stripe.InvalidRequestError) -> stripe.StripeError:
    with pytest.raises(stripe.StripeError) as caught:
        call()
    assert type(caught.value) is kind, caught.value
    assert caught.value.http_status == status, caught.value
    error = caught.value.json_body["error"]
    if error.get("code"):
        assert error["doc_url"] == DOC + error["code"].replace("_", "-")
    else:
        assert "doc_url" not in error
    assert caught.value.request_id
    return caught.value


def test_a_wrong_key_is_an_authentication_error(world: World) -> None:
    stranger = world.connect("sk_test_nobody_knows_this_one")
    error = refused(stranger.v1.customers.list, 401, stripe.AuthenticationError)
    assert error.user_message.startswith("Invalid API Key provided: ")
    assert "nobody_knows" not in error.user_message
    assert error.json_body["error"]["type"] == "invalid_request_error"
    answer = world.raw("GET", "/v1/customers", auth=None, headers={})
    assert answer.status_code == 401
    assert answer.json()["error"]["message"].startswith(
        "You did not provide an API key. You need to provide your API key in the Authorization "
        "header, using Bearer auth"
    )


def test_a_key_that_only_reads_is_a_permission_error(world: World) -> None:
    reader = world.connect(world.server.another_key("reader"))
    assert reader.v1.customers.list(params={"limit": 1}).object == "list"
    refused(
        lambda: reader.v1.customers.create(params={"name": "x"}), 403, stripe.PermissionError
    )


def test_an_unknown_id_in_the_path_is_404(world: World) -> None:
    v1 = world.v1
    for call, thing, id in (
        (v1.billing.credit_grants.retrieve, "credit grant", "credgr_nothing"),
        (v1.billing.credit_grants.expire, "credit grant", "credgr_nothing"),
        (v1.billing.credit_grants.void_grant, "credit grant", "credgr_nothing"),
        (v1.billing.credit_balance_transactions.retrieve, None, "cbtxn_nothing"),
        (v1.customers.retrieve, "customer", "cus_nothing"),
        (v1.customers.delete, "customer", "cus_nothing"),
        (v1.events.retrieve, None, "evt_nothing"),
    ):
        error = refused(lambda call=call, id=id: call(id), 404)
        assert (error.code, error.param) == ("resource_missing", "id")
        if thing:
            assert error.user_message == f"No such {thing}: '{id}'"
    error = refused(lambda: v1.test_helpers.test_clocks.retrieve("clock_nothing"), 404)
    assert error.code == "resource_missing"


def test_an_unknown_id_in_a_parameter_is_400(world: World) -> None:
    error = refused(lambda: world.grant("cus_nothing"))
    assert (error.code, error.param) == ("resource_missing", "customer")
    assert error.user_message == "No such customer: 'cus_nothing'"
    customer, other = world.customer().id, world.customer().id
    foreign = world.grant(other).id
    summary = world.v1.billing.credit_balance_summary.retrieve
    filter = {"type": "credit_grant", "credit_grant": foreign}
    error = refused(lambda: summary(params={"customer": customer, "filter": filter}))
    assert error.code == "resource_missing"


def test_an_unknown_route_is_404(world: World) -> None:
    error = refused(lambda: world.library.raw_request("get", "/v1/nothing"), 404)
    assert error.code is None
    assert error.user_message.startswith("Unrecognized request URL (GET: /v1/nothing).")
    assert error.user_message.endswith(
        "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
    )


AMOUNT = {"type": "monetary", "monetary": {"currency": "usd", "value": 1}}

WRONG = [
    # What is sent besides the customer; code; param; text.
    ({"foo": 1}, "parameter_unknown", "foo", "Received unknown parameter: foo"),
    ({"amount": None}, "parameter_missing", "amount", "Missing required param: amount."),
    (
        {"applicability_config": None},
        "parameter_missing",
        "applicability_config",
        "Missing required param: applicability_config.",
    ),
    ({"customer": None}, "parameter_missing", "customer", "Missing required param: customer."),
    (
        {"amount": {"type": "monetary", "monetary": {"currency": "usd", "value": "abc"}}},
        "parameter_invalid_integer",
        "amount[monetary][value]",
        "Invalid integer: abc",
    ),
    (
        {"amount": {"type": "monetary", "monetary": {"currency": "usd", "value": 0}}},
        "parameter_invalid_integer",
        "amount[monetary][value]",
        "This value must be greater than or equal to 1.",
    ),
    (
        {"amount": {"type": "monetary", "monetary": {"currency": "usd"}}},
        "parameter_missing",
        "amount[monetary][value]",
        "Missing required param: amount[monetary][value].",
    ),
    (
        {"priority": 101},
        "parameter_invalid_integer",
        "priority",
        "This value must be less than or equal to 100.",
    ),
    (
        {"priority": -1},
        "parameter_invalid_integer",
        "priority",
        "This value must be greater than or equal to 0.",
    ),
    (
        {"category": "free"},
        None,
        "category",
        "Invalid category: must be one of paid or promotional",
    ),
    ({"amount": "10"}, None, "amount", "Invalid object"),
    ({"name": "abcd" + "e" * 93 + "wxyz"}, None, "name",
     "Invalid string: abcd...wxyz; must be at most 100 characters"),
    ({"name": ["a", "b"]}, None, "name", 'Invalid string: {"0":"a","1":"b"}'),
]


@pytest.mark.parametrize("given, code, param, text", WRONG)
def test_a_wrong_parameter_is_named(world: World, given, code, param, text) -> None:
    params = {"customer": world.customer().id, "amount": AMOUNT, "applicability_config": METERED}
    params = {name: value for name, value in {**params, **given}.items() if value is not None}
    error = refused(lambda: world.v1.billing.credit_grants.create(params=params))
    assert (error.code, error.param) == (code, param)
    # Some of Stripe's endpoints add in brackets what the value is.
    assert error.user_message.split(" (it currently is")[0] == text
    if "customer" in params:
        listed = world.v1.billing.credit_grants.list(params={"customer": params["customer"]})
        assert listed.data == []


def test_times_and_scopes_that_make_no_sense_are_refused(world: World) -> None:
    customer = world.customer().id
    error = refused(lambda: world.grant(customer, expires_at=world.now - DAY))
    assert error.param == "expires_at"
    assert "expects a unix timestamp representing a date and time in the future" in error.user_message
    late = {"effective_at": world.now + 2 * DAY, "expires_at": world.now + DAY}
    assert refused(lambda: world.grant(customer, **late)).param == "expires_at"
    refused(lambda: world.grant(customer, effective_at=world.now - DAY))
    # Late by seconds only: callers send "now".
    world.grant(customer, effective_at=world.now - 30)
    for scope in (
        {},
        {"price_type": "metered", "prices": [{"id": "p"}]},
        {"price_type": "licensed"},
        {"prices": [{"id": f"p{number}"} for number in range(21)]},
    ):
        refused(lambda scope=scope: world.grant(customer, applicability_config={"scope": scope}))
    grant = world.grant(customer)
    update = world.v1.billing.credit_grants.update
    error = refused(lambda: update(grant.id, params={"expires_at": world.now - DAY}))
    assert error.param == "expires_at"


def test_a_currency_that_is_not_known_is_refused(world: World) -> None:
    amount = {"type": "monetary", "monetary": {"currency": "xyz", "value": 1}}
    error = refused(lambda: world.grant(world.customer().id, amount=amount))
    assert error.code is None
    assert error.user_message.startswith(
        "Invalid currency: xyz. Stripe currently supports these currencies: usd, "
    )


def test_metadata_has_limits(world: World) -> None:
    customer = world.customer().id
    error = refused(lambda: world.grant(customer, metadata={"k" * 41: "v"}))
    assert error.user_message == (
        "Metadata keys can have up to 40 characters, but you passed in a key that is 41 "
        f"characters. Invalid key: {'k' * 41}"
    )
    error = refused(lambda: world.grant(customer, metadata={"k": "v" * 501}))
    assert error.user_message == (
        "Metadata values can have up to 500 characters, but you passed in a value that is 501 "
        f"characters. Invalid value: {'v' * 501}"
    )
    many = {f"k{number}": "v" for number in range(51)}
    error = refused(lambda: world.grant(customer, metadata=many))
    assert error.user_message == "Metadata can have up to 50 keys, but you've set 51."
    full = world.grant(customer, metadata=dict(list(many.items())[:50]))
    refused(lambda: world.v1.billing.credit_grants.update(full.id, params={"metadata": {"x": "1"}}))


def test_the_summary_wants_a_filter(world: World) -> None:
    summary = world.v1.billing.credit_balance_summary.retrieve
    customer = world.customer().id
    error = refused(lambda: summary(params={"customer": customer}))
    assert (error.code, error.param) == ("parameter_missing", "filter")
    assert error.user_message == "Missing required param: filter."
    for filter in (
        {"type": "nothing"},
        {"type": "credit_grant"},
        {"type": "applicability_scope"},
        {"type": "applicability_scope", "applicability_scope": {"price_type": "licensed"}},
    ):
        refused(lambda f=filter: summary(params={"customer": customer, "filter": f}))


def test_expansion_is_checked_before_anything_is_done(world: World) -> None:
    customer = world.customer().id
    grants = world.v1.billing.credit_grants
    error = refused(lambda: world.grant(customer, expand=["foo"]))
    assert (error.code, error.param) == (None, None)
    assert error.user_message == "This property cannot be expanded (foo)."
    assert grants.list(params={"customer": customer}).data == []
    # It beats an id that is not known.
    error = refused(lambda: grants.retrieve("credgr_nothing", params={"expand": ["foo"]}))
    assert error.http_status == 400
    error = refused(lambda: grants.list(params={"expand": ["customer"]}))
    assert error.user_message == (
        "This property cannot be expanded (customer). You may want to try expanding "
        "'data.customer' instead."
    )
    error = refused(lambda: grants.list(params={"expand": ["data.a.b.c.d"]}))
    assert error.code == "property_expansion_max_depth"
    grant = world.grant(customer, expand=["amount", "applicability_config", "test_clock"])
    assert grant.customer == customer
    listed = grants.list(params={"customer": customer, "expand": ["data", "data.customer"]})
    assert listed.data[0].customer.id == customer


def test_a_key_is_for_one_request(world: World) -> None:
    customer = world.customer().id
    params = {"customer": customer, "amount": AMOUNT, "applicability_config": METERED}
    create = world.v1.billing.credit_grants.create
    options = {"idempotency_key": "once"}
    first = create(params=params, options=options)
    made = world.calls[-1]
    again = create(params=params, options=options)
    replayed = world.calls[-1]
    assert again.id == first.id
    assert replayed[4] == made[4], "byte for byte"
    headers = [{name.lower(): value for name, value in call[3].items()} for call in (made, replayed)]
    assert "idempotent-replayed" not in headers[0]
    assert headers[1]["idempotent-replayed"] == "true"
    assert [header["idempotency-key"] for header in headers] == ["once", "once"]
    other = {**params, "priority": 1}
    error = refused(lambda: create(params=other, options=options), 400, stripe.IdempotencyError)
    assert error.user_message == (
        "Keys for idempotent requests can only be used with the same parameters they were first "
        "used with. Try using a key other than 'once' if you meant to execute a different request."
    )
    customers = world.v1.customers.create
    error = refused(lambda: customers(params={"name": "x"}, options=options), 400, stripe.IdempotencyError)
    assert len(world.v1.billing.credit_grants.list(params={"customer": customer}).data) == 1


def test_a_key_that_was_refused_for_its_form_can_be_used_again(world: World) -> None:
    customer = world.customer().id
    options = {"idempotency_key": "mended"}
    params = {"customer": customer, "amount": AMOUNT, "applicability_config": METERED}
    create = world.v1.billing.credit_grants.create
    refused(lambda: create(params={**params, "priority": 101}, options=options))
    assert create(params={**params, "priority": 100}, options=options).priority == 100


def test_a_replay_answers_as_it_did_then(world: World) -> None:
    """Also when the object has changed since, and to a void and an update."""
    grant = world.grant(world.customer().id, metadata={"a": "1"})
    grants = world.v1.billing.credit_grants
    first = grants.update(grant.id, params={"metadata": {"a": "2"}}, options={"idempotency_key": "u"})
    grants.update(grant.id, params={"metadata": {"a": "3"}})
    again = grants.update(grant.id, params={"metadata": {"a": "2"}}, options={"idempotency_key": "u"})
    assert again.to_dict() == first.to_dict()
    assert grants.retrieve(grant.id).metadata.to_dict() == {"a": "3"}
    voided = grants.void_grant(grant.id, options={"idempotency_key": "v"})
    assert grants.void_grant(grant.id, options={"idempotency_key": "v"}).to_dict() == voided.to_dict()


def test_too_many_requests_are_a_rate_limit_error(world_with_rate: World) -> None:
    patient = world_with_rate.connect(max_network_retries=0)

    def many() -> None:
        for _ in range(20):
            patient.v1.customers.list(params={"limit": 1})

    error = refused(many, 429, stripe.RateLimitError)
    assert int(error.headers["retry-after"]) >= 1
