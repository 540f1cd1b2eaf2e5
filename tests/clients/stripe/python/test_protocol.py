"""What comes over the wire from other clients than these libraries."""

from __future__ import annotations

import json

from conftest import KEY, World

FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_brackets_come_raw_or_encoded_and_with_or_without_numbers(world: World) -> None:
    customer = world.customer().id
    scope = "applicability_config[scope][prices]"
    forms = [
        f"{scope}[0][id]=p1&{scope}[1][id]=p2&expand[0]=customer",
        f"{scope}[1][id]=p2&{scope}[0][id]=p1&expand[]=customer",
        f"{scope}[][id]=p1&{scope}[][id]=p2&expand[]=customer",
    ]
    forms.append(forms[0].replace("[", "%5B").replace("]", "%5D"))
    for form in forms:
        body = (
            f"customer={customer}&amount[type]=monetary&amount[monetary][currency]=usd"
            f"&amount[monetary][value]=5&metadata[order+id]=42&metadata[a%20b]=c+d&{form}"
        )
        answer = world.raw("POST", "/v1/billing/credit_grants", content=body, headers=FORM)
        assert answer.status_code == 200, answer.text
        made = answer.json()
        ids = [price["id"] for price in made["applicability_config"]["scope"]["prices"]]
        assert ids == ["p1", "p2"], form
        assert made["customer"]["id"] == customer
        assert made["metadata"] == {"order id": "42", "a b": "c d"}


def test_brackets_in_a_query_come_raw_or_encoded(world: World) -> None:
    customer = world.customer().id
    world.grant(customer)
    for expand in ("expand[]", "expand[0]", "expand%5B%5D", "expand%5B0%5D"):
        # The client would encode what is not legal in a URI; some clients do not.
        answer = raw_get(world, f"/stripe/v1/billing/credit_grants?{expand}=data.customer&limit=1")
        assert answer["data"][0]["customer"]["id"] == customer


def raw_get(world: World, target: str) -> dict:
    import http.client

    host = world.server.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("GET", target, headers={"authorization": f"Bearer {KEY}"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    assert answer.status == 200, body
    connection.close()
    return body


def test_the_key_may_come_as_a_user_name(world: World) -> None:
    answer = world.raw("GET", "/v1/customers", auth=(KEY, ""))
    assert answer.status_code == 200


def test_an_empty_body_needs_no_length_and_no_type(world: World) -> None:
    grant = world.grant(world.customer().id)
    path = f"/v1/billing/credit_grants/{grant.id}/void"
    assert world.raw("POST", path).status_code == 200
    grant = world.grant(world.customer().id)
    path = f"/v1/billing/credit_grants/{grant.id}/expire"
    assert world.raw("POST", path, headers=FORM).status_code == 200


def test_the_version_is_echoed_and_has_to_be_one(world: World) -> None:
    for version in ("2026-10-28.endive", "2024-06-20", "2022-11-15"):
        answer = world.raw("GET", "/v1/customers", headers={"stripe-version": version})
        assert answer.headers["stripe-version"] == version
    answer = world.raw("GET", "/v1/customers", headers={"stripe-version": "newest"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("Invalid Stripe API version: newest")


def test_each_request_has_an_id_of_its_own(world: World) -> None:
    first, second = (world.raw("GET", "/v1/customers").headers["request-id"] for _ in range(2))
    assert first != second
    assert world.customer().last_response.request_id.startswith("req_")


def test_a_key_is_looked_at_on_posts_only(world: World) -> None:
    key = {"idempotency-key": "k"}
    before = world.raw("GET", "/v1/customers?limit=1", headers=key).json()
    world.customer()
    assert world.raw("GET", "/v1/customers?limit=1", headers=key).json() != before
    for wrong in ("", "k" * 256):
        answer = world.raw(
            "POST", "/v1/customers", content="name=x", headers={**FORM, "idempotency-key": wrong}
        )
        assert answer.status_code == 400, wrong


def test_what_is_not_a_form_is_refused_not_guessed(world: World) -> None:
    answer = world.raw("POST", "/v1/customers", content="name=%ff%fe", headers=FORM)
    assert answer.status_code == 400
    answer = world.raw("POST", "/v1/customers", content="name[a=b", headers=FORM)
    assert answer.status_code == 400
    deep = "".join("[a]" for _ in range(200))
    answer = world.raw("POST", "/v1/customers", content=f"metadata{deep}=b", headers=FORM)
    assert answer.status_code == 400


def test_the_root_of_a_listener_of_its_own_serves_the_same(world_with_root: World) -> None:
    """For libraries that cannot take a path in their base address."""
    world = world_with_root
    customer = world.customer(name="Acme").id
    rooted = world.connect(base=f"http://127.0.0.1:{world.server.stripe_port}")
    assert rooted.v1.customers.retrieve(customer).name == "Acme"
    world.grant(customer, 5)
    grants = rooted.v1.billing.credit_grants.list(params={"customer": customer, "limit": 1})
    assert [grant.amount.monetary.value for grant in grants.auto_paging_iter()] == [5]
