"""A throw-away PostgreSQL in a folder of its own, durable as in production."""

import glob
import os
import re
import shutil

from .shell import ROOT, Failed, run

# A quarter of the memory, as PostgreSQL's manual has it for a server of its own.
BUFFERS = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4

# The same for all who use it. Commits are on the disk before they are answered.
SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "300",
    "shared_buffers": f"{BUFFERS >> 20}MB",
    "synchronous_commit": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "30min",
    "track_io_timing": "off",
    "jit": "off",
}


class Postgres:
    """A cluster, reached through a socket in its folder."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = self.find()
        self.data = folder / "postgres"
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        self.as_owner(
            "initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--pgdata", self.data
        )
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        options += f" -c unix_socket_directories='{folder}'"
        log = folder / "postgres.log"
        self.as_owner("pg_ctl", "start", "--wait", "--silent", "-D", self.data, "-l", log, "-o", options)

    @staticmethod
    def find():
        """Where its programs are: the newest version."""
        places = glob.glob("/usr/lib/postgresql/*/bin")
        places.sort(key=lambda place: float(place.split("/")[4]))
        found = places[-1] if places else os.path.dirname(shutil.which("initdb") or "")
        if not found:
            raise Failed("PostgreSQL is not installed: apt-get install postgresql")
        return found

    def as_owner(self, program, *arguments):
        """Runs a program of the server; PostgreSQL refuses root."""
        prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        # `pg_ctl` leaves the server behind: it must not hold on to a pipe of ours.
        with open(self.folder / "owner.log", "ab") as out:
            import subprocess

            command = [*prefix, f"{self.bin}/{program}", *map(str, arguments)]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd="/")
        if done.returncode != 0:
            raise Failed(f"{program}: {(self.folder / 'owner.log').read_text()[-2000:]}")

    def url(self, database):
        """As the server of Scrip takes it."""
        return f"postgres://postgres@localhost/{database}?host={self.folder}"

    def sql(self, database, text):
        """Runs SQL and answers its rows as text."""
        return run(
            [f"{self.bin}/psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres", "-d", database, "-c", text]
        ).strip()

    def file(self, database, path):
        """Runs a file of SQL."""
        run([f"{self.bin}/psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres", "-d", database, "-f", path])

    def bench(self, database, script, clients, seconds, **variables):
        """One run of pgbench: transactions a second, and the mean latency in ms."""
        defines = [part for name, value in variables.items() for part in ("-D", f"{name}={value}")]
        said = run(
            [f"{self.bin}/pgbench", "-n", "-M", "prepared", "-h", self.folder, "-U", "postgres", "-c", clients]
            + ["-j", min(2, clients), "-T", seconds, "-f", ROOT / "bench/load" / script, *defines, database]
        )
        if re.search(r"number of failed transactions: [1-9]", said):
            raise Failed(f"pgbench: {said}")
        rate = float(re.search(r"tps = ([0-9.]+)", said)[1])
        return {"rate": rate, "mean": float(re.search(r"latency average = ([0-9.]+)", said)[1])}

    def median_alone(self, database, script, seconds, **variables):
        """The median latency in ms of one client alone."""
        prefix = self.folder / "alone"
        defines = [part for name, value in variables.items() for part in ("-D", f"{name}={value}")]
        run(
            [f"{self.bin}/pgbench", "-n", "-M", "prepared", "-h", self.folder, "-U", "postgres", "-c", 1]
            + ["-T", seconds, "-l", f"--log-prefix={prefix}", "-f", ROOT / "bench/load" / script, *defines, database]
        )
        times = []
        for path in glob.glob(f"{prefix}.*"):
            with open(path) as log:
                times += [int(line.split()[2]) for line in log]
            os.remove(path)
        times.sort()
        return {"rate": len(times) / seconds, "p50": times[len(times) // 2] / 1000}

    def stop(self):
        """Ends it."""
        self.as_owner("pg_ctl", "stop", "--mode=immediate", "--silent", "-D", self.data)
