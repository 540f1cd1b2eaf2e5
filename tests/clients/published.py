"""Holds answers against the schemas that the vendors have published."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker

HERE = Path(__file__).parent
FORMATS = FormatChecker(formats=())
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@FORMATS.checks("uuid", raises=ValueError)
def is_uuid(text: object) -> bool:
    return not isinstance(text, str) or str(UUID(text)) == text.lower()


@FORMATS.checks("date-time", raises=ValueError)
def is_instant(text: object) -> bool:
    if not isinstance(text, str):
        return True
    # No fraction: `fromisoformat` of older Pythons takes three or six digits only.
    datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00"))
    return INSTANT.fullmatch(text) is not None


def modern(schema: Any) -> Any:
    """JSON Schema for a schema of OpenAPI 3.0, which says `nullable` in a way of its own."""
    if isinstance(schema, list):
        return [modern(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: modern(value) for key, value in schema.items() if key != "nullable"}
    if schema.get("nullable") is True:
        return {"anyOf": [{"type": "null"}, made]}
    return made


class Metronome:
    """The published OpenAPI document of Metronome's calls."""

    def __init__(self) -> None:
        document = json.loads((HERE / "metronome/openapi.json").read_text())
        self.components = modern(document["components"])
        self.paths = [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), methods)
            for path, methods in document["paths"].items()
        ]
        self.validators: dict[str, Draft202012Validator] = {}

    def faults(self, method: str, path: str, answer: Any) -> list[str]:
        """What is wrong with an answer: status, headers and body of an `httpx.Response`."""
        status, media = answer.status_code, answer.headers.get("content-type", "")
        length = answer.headers.get("content-length")
        if answer.content and not media.startswith("application/json"):
            return [f"{method} {path}: {status} is {media!r}"]
        if not answer.content:
            # `response.json()` of a library throws on an empty body, unless it is told so.
            told = status == 204 or length == "0"
            return [] if told else [f"{method} {path}: an empty body without a length of 0"]
        body = answer.json()
        if status >= 400:
            found = [] if told_why(body) else [f"no message: {body}"]
        else:
            found = []
        schema = self.schema(method, path, status)
        if schema is not None:
            found += [f"{error.json_path}: {error.message}" for error in schema.iter_errors(body)]
        return [f"{method} {path}: {status} {fault}" for fault in found]

    def schema(self, method: str, path: str, status: int) -> Draft202012Validator | None:
        """`None`: nothing is published of it."""
        for template, methods in self.paths:
            if template.fullmatch(path) is None or method.lower() not in methods:
                continue
            answers = methods[method.lower()].get("responses", {})
            content = answers.get(str(status), {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            if schema is None:
                return None
            key = f"{method} {template.pattern} {status}"
            if key not in self.validators:
                whole = {"allOf": [modern(schema)], "components": self.components}
                self.validators[key] = Draft202012Validator(whole, format_checker=FORMATS)
            return self.validators[key]
        return None


def told_why(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("message"), str) and body["message"] != ""


class Stripe:
    """The published schemas of Stripe's objects, strict: nulls are there, nothing else is."""

    def __init__(self) -> None:
        self.validators = {
            file.name.removesuffix(".schema.json"): Draft202012Validator(
                json.loads(file.read_text()), format_checker=FORMATS
            )
            for file in (HERE / "stripe/schema").glob("*.schema.json")
        }

    def faults(self, body: dict[str, Any], name: str | None = None) -> list[str]:
        """What is wrong with an object, by its own word of what it is or by the name given."""
        name = name or self.name(body)
        validator = self.validators.get(name)
        if validator is None:
            return [f"there is no schema for {name}"]
        return [f"{name} {error.json_path}: {error.message}" for error in validator.iter_errors(body)]

    def name(self, body: dict[str, Any]) -> str:
        if body.get("error"):
            return "error"
        kind = str(body.get("object"))
        if body.get("deleted") is True:
            return f"deleted_{kind}"
        if kind == "list":
            return {
                "/v1/billing/credit_grants": "list.billing.credit_grant",
                "/v1/billing/credit_balance_transactions": "list.billing.credit_balance_transaction",
                "/v1/customers": "list.customer",
                "/v1/test_helpers/test_clocks": "list.test_helpers.test_clock",
                "/v1/events": "list.event",
            }.get(str(body.get("url")), f"list {body.get('url')}")
        return kind
