"""A server of Scrip as a process of its own, on a copy of a seeded database.

`SCRIP_BINARY` and `SCRIP_SEED` say where both are. Nothing is reset and nothing is lenient: a test
that wants a fresh world starts a server of its own, which takes some 30 ms.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

import httpx

BINARY = os.environ["SCRIP_BINARY"]
SEED = Path(os.environ["SCRIP_SEED"])

ADMIN_KEY = "My Bearer Token"
"""The key that Metronome's own tests use; its spaces are part of it."""

USD = "2714e483-4ff1-48e4-9e25-ac732e8f24f2"

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("SCRIP_") and name != "DATABASE_URL"
}


class Server:
    """Runs until it is stopped."""

    def __init__(
        self,
        *,
        key: str = ADMIN_KEY,
        settings: dict[str, str] | None = None,
        stripe: bool = False,
    ) -> None:
        self.key = key
        self.folder = Path(tempfile.mkdtemp(prefix="scrip-client-"))
        self.database = self.folder / "scrip.db"
        shutil.copyfile(SEED, self.database)
        self.log = self.folder / "log"
        self.arguments: list[str] = []
        self.environment = {
            **ENVIRONMENT,
            "DATABASE_URL": f"sqlite://{self.database}?mode=rwc",
            "SCRIP_ADMIN_KEY": key,
            **(settings or {}),
        }
        self.stripe_port = free_port() if stripe else None
        if stripe:
            self.arguments += ["--stripe-listen", f"127.0.0.1:{self.stripe_port}"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--listen", "127.0.0.1:0", "--workers", "1", *self.arguments],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
        if not found:
            self.process.kill()
            raise RuntimeError(f"it does not start: {line!r}\n{self.log.read_text()}")
        self.url = found[1]

    def graphql(self, document: str, /, **variables: Any) -> dict[str, Any]:
        """The data of the answer; an error of the API is an error here."""
        answer = httpx.post(
            f"{self.url}/graphql",
            json={"query": document, "variables": variables},
            headers={"authorization": f"Bearer {self.key}"},
            timeout=30,
        ).json()
        assert not answer.get("errors"), answer
        return answer["data"]

    def mutate(self, name: str, fields: str, /, **input: Any) -> dict[str, Any]:
        """The payload of a mutation that is not refused."""
        kind = name[0].upper() + name[1:]
        document = (
            f"mutation M($input: {kind}Input!) {{ done: {name}(input: $input) "
            f"{{ {fields} userErrors {{ field message code }} }} }}"
        )
        done = self.graphql(document, input=input)["done"]
        assert done["userErrors"] == [], done
        return done

    def another_key(self, role: str) -> str:
        """A new key with less to say than the first."""
        made = subprocess.run(
            [BINARY, "key", "create", "--name", role, "--role", role],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return made.stdout.strip()

    def complaints(self) -> list[str]:
        """What it logged as an error: nothing a client sends may cause one."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if " ERROR " in line or "panicked" in line]

    def stop(self, *, verify: bool = False) -> list[str]:
        """Ends it; what it complained of, and with `verify` what is wrong with its books."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        found = self.complaints()
        if verify:
            done = subprocess.run(
                [BINARY, "verify"],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                found.append(done.stdout + done.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)
        return found


class Pool:
    """Starts the next server while the present one is in use."""

    def __init__(self) -> None:
        self._ready: queue.Queue[Server | Exception] = queue.Queue()
        self._begin()

    def _begin(self) -> None:
        threading.Thread(target=self._start, daemon=True).start()

    def _start(self) -> None:
        try:
            self._ready.put(Server())
        except Exception as error:  # told to the one who waits for the server
            self._ready.put(error)

    def take(self) -> Server:
        server = self._ready.get(timeout=60)
        self._begin()
        if isinstance(server, Exception):
            raise server
        return server

    def close(self) -> None:
        server = self._ready.get(timeout=60)
        if isinstance(server, Server):
            server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
