#!/usr/bin/env python3
"""What a refused document costs: processor time of the server, beside a plain query. `bench/refusals.py PROGRAM`."""

import http.client
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from parts.scrip import KEY, Scrip

TIMES = 40
BATCH = "mutation ($inputs: [DrawDownInput!]!) { drawDownBatch(inputs: $inputs) { userErrors { code } } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


def each(count, part):
    """A part for each number."""
    return "".join(part(n) for n in range(count))


def fields(count):
    """An object with so many fields that nothing has."""
    return {f"a{n}": 1 for n in range(count)}


DOCUMENTS = {
    "a plain query": ("{ viewer { name } }", {}),
    "90,000 inputs": (BATCH, {"inputs": [fields(1)] * 90_000}),
    "2,000 inputs": (BATCH, {"inputs": [fields(1)] * 2_000}),
    "1,000 inputs of 30 fields": (BATCH, {"inputs": [fields(30)] * 1_000}),
    "60,000 variables": ("{ viewer { name } }", {f"v{n}": n for n in range(60_000)}),
    "20,000 ids": (NODES, {"ids": [f"01939c2a-0000-7000-8000-{n:012x}" for n in range(20_000)]}),
    "8,000 unknown fields": ("{ " + each(8_000, "x{0} ".format) + "}", {}),
    "9,000 fields of other types": ("{ " + "amount " * 9_000 + "}", {}),
    "500 variables": ("query Q(" + each(500, "$v{0}: Int ".format) + ") { viewer { name } }", {}),
    "500 fragments": ("{ viewer { name } } " + each(500, "fragment F{0} on Query {{ viewer {{ name }} }} ".format), {}),
    "1,500 unknown types": ("{ " + each(1_500, "... on T{0} {{ a }} ".format) + "}", {}),
    "10,000 aliases": ("{ " + each(10_000, "a{0}: viewer {{ name }} ".format) + "}", {}),
    "1 MB of quotes": ('"' * 500_000, {}),
    "1 MB of text": ('{ customer(id: "' + "x" * 1_000_000 + '") { id } }', {}),
}


def spent(process):
    """Processor time of all threads, in ms."""
    tasks = pathlib.Path(f"/proc/{process}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scrip-bench-"))
    scrip = Scrip(pathlib.Path(sys.argv[1]).resolve(), f"sqlite://{folder}/books.db?mode=rwc", folder, "refusals")
    scrip.start()
    process = scrip.process.child.pid
    connection = http.client.HTTPConnection(scrip.url.split("/")[2])
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}

    def post(body):
        connection.request("POST", "/graphql", body, headers)
        return json.loads(connection.getresponse().read())

    try:
        for name, (query, variables) in DOCUMENTS.items():
            body = json.dumps({"query": query, "variables": variables}).encode()
            errors = post(body).get("errors") or [{"extensions": {"code": "answered"}}]
            before = spent(process)
            for _ in range(TIMES):
                post(body)
            each_time = (spent(process) - before) / TIMES
            print(f"{name:30s} {len(body) / 1000:6.0f} KB {each_time:8.2f} ms  {errors[0]['extensions']['code']}")
    finally:
        scrip.stop()


if __name__ == "__main__":
    main()
