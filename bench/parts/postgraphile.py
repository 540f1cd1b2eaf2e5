"""PostGraphile 5 on the same tables."""

import json
import shutil
import subprocess

from .shell import ROOT, TARGET, Failed, Process, free_port, post, run, wait_for

SOURCE = ROOT / "bench/postgraphile"
FOLDER = TARGET / "bench/postgraphile"


def install():
    """Installs it as the lock says; it needs Node 22, so the package `node` brings one."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = (SOURCE / "package-lock.json").read_bytes()
    mark = FOLDER / "installed"
    for name in ("package.json", "package-lock.json", "server.mjs"):
        shutil.copy(SOURCE / name, FOLDER / name)
    if not mark.exists() or mark.read_bytes() != lock:
        run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER)
        mark.write_bytes(lock)


def node():
    """The Node that runs it."""
    return FOLDER / "node_modules/.bin/node"


def versions():
    """Of Node and PostGraphile."""
    package = json.loads((FOLDER / "node_modules/postgraphile/package.json").read_text())
    return {"node": subprocess.check_output([node(), "--version"], text=True).strip(), "postgraphile": package["version"]}


class PostGraphile:
    """So many processes behind one port."""

    def __init__(self, postgres, database, folder, processes):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/graphql"
        env = {
            "NODE_ENV": "production",
            "GRAPHILE_ENV": "production",
            "PGHOST": str(postgres.folder),
            "PGUSER": "postgres",
            "PGDATABASE": database,
            "PORT": str(self.port),
            "PROCESSES": str(processes),
        }
        self.process = Process([node(), FOLDER / "server.mjs"], folder / f"postgraphile-{processes}.log", env)
        wait_for("PostGraphile", self.is_ready, self.process)

    def is_ready(self):
        """Whether it answers."""
        try:
            return self.ask("{ __typename }") == {"__typename": "Query"}
        except (OSError, Failed):
            return False

    def ask(self, document, variables=None):
        """Asks and answers `data`; fails on any error."""
        body = json.dumps({"query": document, "variables": variables or {}})
        answer = json.loads(post(self.url, body))
        if answer.get("errors"):
            raise Failed(f"{document}: {answer['errors']}")
        return answer["data"]

    def stop(self):
        """Ends it."""
        self.process.stop()
