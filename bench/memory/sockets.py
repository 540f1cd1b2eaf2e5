#!/usr/bin/env python3
"""Measures what a server needs with many idle sockets that follow an account each.

    python3 bench/memory/sockets.py target/release/scrip [DATABASE_URL]

Starts `scrip serve` on a free port and an own SQLite file (or the given, empty database), opens
sockets with the subprotocol graphql-transport-ws, does connection_init and one subscription on
each, and reads what the kernel says of the process (VmRSS, VmHWM) before, with all of them, and
after a while of idleness. Nothing but Python's standard library is needed. Linux.
"""

import argparse
import asyncio
import base64
import json
import os
import signal
import struct
import subprocess
import tempfile
import time
import urllib.request

KEY = "measured-by-the-script"
USD = "2714e483-4ff1-48e4-9e25-ac732e8f24f2"
FOLLOW = (
    "subscription ($customer: ID!, $creditType: ID!) { ledgerEntryAdded(customerId: $customer,"
    " creditTypeId: $creditType) { sequence kind amount customer { id } } }"
)


def memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        lines = dict(line.split(":", 1) for line in status)
    return {name: int(lines[name].split()[0]) for name in ("VmRSS", "VmHWM", "RssAnon", "RssFile")}


def ask(url, query, variables):
    body = json.dumps({"query": query, "variables": variables}).encode()
    heads = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
    request = urllib.request.Request(f"{url}/graphql", body, heads)
    with urllib.request.urlopen(request) as answer:
        told = json.load(answer)
    assert "errors" not in told, told
    return told["data"]


def frame(message):
    """A text frame of a client: masked, here by zeros."""
    data = json.dumps(message).encode()
    head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else b"\x81\xfe" + struct.pack(">H", len(data))
    return head + b"\0\0\0\0" + data


async def heard(reader):
    """The next text frame; what else comes is passed over."""
    while True:
        first, length = await reader.readexactly(2)
        if length == 126:
            (length,) = struct.unpack(">H", await reader.readexactly(2))
        data = await reader.readexactly(length)
        if first & 0x0F == 1:
            return json.loads(data)
        assert first & 0x0F != 8, data


async def follower(host, port, customer):
    reader, writer = await asyncio.open_connection(host, port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /graphql HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head, head
    writer.write(frame({"type": "connection_init", "payload": {"token": KEY}}))
    assert (await heard(reader))["type"] == "connection_ack"
    payload = {"query": FOLLOW, "variables": {"customer": customer, "creditType": USD}}
    writer.write(frame({"type": "subscribe", "id": "1", "payload": payload}))
    await writer.drain()
    return reader, writer


async def answer_pings(reader, writer, told):
    """Keeps a socket alive; counts the entries that it is told."""
    while True:
        try:
            first, length = await reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack(">H", await reader.readexactly(2))
            data = await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        if first & 0x0F == 9:
            writer.write(bytes([0x8A, 0x80 | len(data)]) + b"\0\0\0\0" + data)
        elif first & 0x0F == 1:
            told.append(data)


async def measure(arguments, url, pid):
    host, port = url.removeprefix("http://").split(":")
    made = "mutation ($n: String!) { createCustomer(input: { name: $n }) { customer { id } } }"
    customers = []
    for n in range(arguments.accounts):
        customers.append(ask(url, made, {"n": f"c{n}"})["createCustomer"]["customer"]["id"])
    await asyncio.sleep(1)
    say("before", memory(pid))
    sockets = []
    for n in range(0, arguments.sockets, 50):
        some = range(n, min(n + 50, arguments.sockets))
        opened = [follower(host, port, customers[i % len(customers)]) for i in some]
        sockets += await asyncio.gather(*opened)
    told = []
    alive = [asyncio.create_task(answer_pings(*socket, told)) for socket in sockets]
    await asyncio.sleep(1)
    say(f"{len(sockets)} sockets", memory(pid))
    await asyncio.sleep(arguments.idle)
    say(f"after {arguments.idle} s idle", memory(pid))
    grant = (
        "mutation ($c: ID!) { createCreditGrant(input: { customerId: $c, name: \"n\","
        " grantAmount: { amount: 1 } }) { userErrors { message } } }"
    )
    for customer in customers:
        assert not ask(url, grant, {"c": customer})["createCreditGrant"]["userErrors"]
    until = time.monotonic() + 10
    while len(told) < len(sockets) and time.monotonic() < until:
        await asyncio.sleep(0.1)
    say(f"{len(told)} were told of an entry", memory(pid))
    for task in alive:
        task.cancel()
    for _, writer in sockets:
        writer.close()
    await asyncio.sleep(3)
    say("all closed", memory(pid))


def say(what, now):
    figures = "  ".join(f"{name} {kib / 1024:6.1f} MiB" for name, kib in now.items())
    print(f"{what:28} {figures}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("database_url", nargs="?")
    parser.add_argument("--sockets", type=int, default=1_000)
    parser.add_argument("--accounts", type=int, default=2, help="that they follow")
    parser.add_argument("--idle", type=int, default=30, help="seconds")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = arguments.database_url or f"sqlite://{folder}/scrip.db?mode=rwc"
        settings = {"DATABASE_URL": database, "SCRIP_ADMIN_KEY": KEY, "SCRIP_LISTEN": "127.0.0.1:0"}
        command = [os.path.abspath(arguments.binary), "serve"]
        with open(f"{folder}/log", "wb") as log:
            server = subprocess.Popen(
                command, cwd=folder, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=log
            )
        try:
            line = server.stdout.readline().decode().strip()
            if not line.startswith("listening on "):
                with open(f"{folder}/log", encoding="utf-8") as log:
                    raise SystemExit(f"it does not start: {log.read()}")
            asyncio.run(measure(arguments, line.removeprefix("listening on "), server.pid))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


if __name__ == "__main__":
    main()
