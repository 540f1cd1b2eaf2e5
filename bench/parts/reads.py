"""Reads: the same questions to Scrip and to PostGraphile, and whether both answer the same."""

import base64
import json
from datetime import datetime, timezone

from .shell import Failed

USD = "2714e483-4ff1-48e4-9e25-ac732e8f24f2"
MINOR = 10**6

ENTRY = "id sequence kind amount runningBalance effectiveAt recordedAt createdBy reason segmentId invoiceId hash"
GRANT = (
    "id name reason grantType category status grantAmount { amount } remaining held priority effectiveAt expiresAt "
    "invoiceDate invoiceId customFields uniquenessKey createdAt createdBy updatedAt voidedAt"
)
CUSTOMER = "id externalId name customFields createdAt archivedAt"

PEER_ENTRY = ENTRY.replace("id ", "rowId ", 1)
PEER_GRANT = (
    "rowId name reason grantType category amount priority effectiveAt expiresAt invoiceDate invoiceId customFields "
    "uniquenessKey createdAt createdBy updatedAt voidedAt "
    "segmentBySegmentIdAndCustomerId { remaining held startsAt endsAt voidedAt }"
)
PEER_CUSTOMER = CUSTOMER.replace("id ", "rowId ", 1)

# Name: the question to Scrip, the question to PostGraphile, whether it names a customer.
QUESTIONS = {
    "nested": (
        f"{{ customers(first: 20) {{ nodes {{ {CUSTOMER} creditGrants(first: 5) {{ nodes {{ {GRANT} "
        f"ledgerEntries(first: 10) {{ nodes {{ {ENTRY} }} }} }} }} }} }} }}",
        f"{{ allCustomers(first: 20) {{ nodes {{ {PEER_CUSTOMER} creditGrantsByCustomerId(first: 5) {{ nodes {{ {PEER_GRANT} "
        f"ledgerEntriesByCreditGrantIdAndCustomerId(first: 10) {{ nodes {{ {PEER_ENTRY} }} }} }} }} }} }} }}",
    ),
    "page": (
        f"query($id: ID!) {{ customer(id: $id) {{ {CUSTOMER} balances {{ posted held available }} "
        f"creditGrants(first: 10) {{ nodes {{ {GRANT} }} }} "
        f"ledgerEntries(first: 20, order: NEWEST_FIRST) {{ nodes {{ {ENTRY} }} }} }} }}",
        f"query($id: UUID!) {{ customerByRowId(rowId: $id) {{ {PEER_CUSTOMER} "
        f"accountsByCustomerId {{ nodes {{ balance held }} }} "
        f"creditGrantsByCustomerId(first: 10) {{ nodes {{ {PEER_GRANT} }} }} "
        f"ledgerEntriesByCustomerId(first: 20, orderBy: [PRIMARY_KEY_DESC]) {{ nodes {{ {PEER_ENTRY} }} }} }} }}",
    ),
    "balance": (
        f'query($id: ID!) {{ customer(id: $id) {{ balance(creditTypeId: "{USD}") {{ posted held available }} }} }}',
        f'query($id: UUID!) {{ accountByCustomerIdAndCreditTypeId(customerId: $id, creditTypeId: "{USD}") {{ balance held }} }}',
    ),
}


def bodies(name, folder):
    """Files with the bodies that wrk sends, `$ID` for the customer: Scrip's, PostGraphile's."""
    paths = []
    for side, document in zip(("scrip", "peer"), QUESTIONS[name]):
        path = folder / f"{name}-{side}.json"
        variables = {"id": "$ID"} if "$id" in document else {}
        path.write_text(json.dumps({"query": document, "variables": variables}))
        paths.append(path)
    return paths


def check(scrip, peer, ids):
    """Fails unless both answer the same values to every question."""
    for name, (ours, theirs) in QUESTIONS.items():
        for customer in ids if "$id" in ours else [None]:
            variables = {"id": customer} if customer else {}
            one = list(leaves(scrip.ask(ours, variables)))
            other = list(leaves(as_ours(peer.ask(theirs, variables))))
            if one != other or not one:
                different = [pair for pair in zip(one, other) if pair[0] != pair[1]]
                raise Failed(f"{name}: {len(one)} and {len(other)} values, different: {different[:5]}")


INSTANTS = {"effectiveAt", "expiresAt", "invoiceDate", "createdAt", "updatedAt", "voidedAt", "recordedAt", "archivedAt"}
AMOUNTS = {"amount", "runningBalance", "remaining", "held", "posted"}
# Worked out of the others: nothing in the tables to compare with.
DERIVED = {"status", "available"}


def leaves(value, name=""):
    """Name and value of every leaf, in the order of the names: instants in microseconds, amounts in minor units."""
    if isinstance(value, dict) and name != "customFields":
        for key in sorted(value):
            if key not in DERIVED:
                yield from leaves(value[key], key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, name)
    elif isinstance(value, str) and name in INSTANTS:
        yield name, micros(value)
    elif isinstance(value, str) and name in AMOUNTS:
        yield name, minor(value)
    else:
        yield name, value


def micros(text):
    """An instant."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00")) - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (moment.days * 86400 + moment.seconds) * 10**6 + moment.microseconds


def minor(text):
    """A decimal."""
    whole, _, part = text.lstrip("-").partition(".")
    number = int(whole) * MINOR + int(part.ljust(6, "0"))
    return -number if text.startswith("-") else number


NAMES = {
    "rowId": "id",
    "allCustomers": "customers",
    "customerByRowId": "customer",
    "creditGrantsByCustomerId": "creditGrants",
    "ledgerEntriesByCreditGrantIdAndCustomerId": "ledgerEntries",
    "ledgerEntriesByCustomerId": "ledgerEntries",
    "accountsByCustomerId": "balances",
}


def as_ours(value, name=""):
    """What PostGraphile answered, by the names and in the types of Scrip's answer."""
    if isinstance(value, list):
        return [as_ours(item, name) for item in value]
    if isinstance(value, dict):
        value = dict(value)
        if segment := value.pop("segmentBySegmentIdAndCustomerId", None):
            value |= {"remaining": segment["remaining"], "held": segment["held"]}
            value["grantAmount"] = {"amount": value.pop("amount")}
        if "balance" in value:
            value["posted"] = value.pop("balance")
        return {NAMES.get(key, key): as_ours(item, key) for key, item in value.items()}
    if value is None:
        return None
    if name in INSTANTS | AMOUNTS:
        return int(value)
    if name == "customFields":
        return json.loads(value)
    if name == "hash":
        return value.removeprefix("\\x") if value.startswith("\\x") else base64.b64decode(value).hex()
    return value
