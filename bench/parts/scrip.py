"""Scrip itself: the binary as it is published, as a server."""

import json
import os
import subprocess
import time
import urllib.request

from .shell import ROOT, TARGET, Failed, Process, post, run

KEY = "bench-key-given-from-outside"
QUIET = {"SCRIP_ADMIN_KEY": KEY, "SCRIP_LOG": "warn", "SCRIP_LISTEN": "127.0.0.1:0"}


def build(profile):
    """Builds the binary (`dev` is for smoke runs) and answers where it is."""
    run(["cargo", "build", "--quiet", "--locked", "--bin", "scrip", "--profile", profile], cwd=ROOT)
    return TARGET / ("debug" if profile == "dev" else profile) / "scrip"


class Scrip:
    """The program and a database."""

    def __init__(self, program, url, folder, name):
        self.program, self.database, self.folder, self.name = program, url, folder, name
        self.process = None

    def command(self, *arguments):
        """Runs a subcommand."""
        return run([self.program, *arguments], env={**os.environ, **QUIET, "DATABASE_URL": self.database}, cwd=self.folder)

    def generate(self, customers, grants=5, entries=40):
        """Fills the database."""
        counts = ["--customers", customers, "--grants-per-customer", grants, "--entries-per-grant", entries]
        return self.command("generate", *counts)

    def verify(self):
        """Holds all books against the rules; fails if a row is wrong."""
        self.command("verify")

    def start(self):
        """Starts to serve; answers how many ms it took until `/readyz` said yes."""
        started = time.monotonic()
        self.process = Process(
            [self.program, "serve"],
            self.folder / f"{self.name}.log",
            {**QUIET, "DATABASE_URL": self.database},
            stdout=subprocess.PIPE,
        )
        line = self.process.child.stdout.readline().decode().strip()
        if not line.startswith("listening on "):
            raise Failed(f"scrip did not start: {self.process.said()}")
        self.url = line.removeprefix("listening on ") + "/graphql"
        with urllib.request.urlopen(self.url.replace("/graphql", "/readyz"), timeout=10) as answer:
            answer.read()
        return (time.monotonic() - started) * 1000

    def ask(self, document, variables=None):
        """Asks and answers `data`; fails on any error."""
        body = json.dumps({"query": document, "variables": variables or {}})
        answer = json.loads(post(self.url, body, {"authorization": f"Bearer {KEY}"}))
        if answer.get("errors"):
            raise Failed(f"{document}: {answer['errors']}")
        return answer["data"]

    def stop(self):
        """Ends the server."""
        if self.process:
            self.process.stop()
            self.process = None
