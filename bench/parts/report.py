"""The table, and the facts of the machine."""

import os
import pathlib
import platform
import re
import subprocess

from .shell import ROOT


def first_line(*command):
    """What a program says of its version."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        return done.stdout.strip().splitlines()[0]
    except (OSError, IndexError):
        return "-"


def machine(postgres):
    """What the figures hang on."""
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", info)
    memory = int(re.search(r"MemTotal: *([0-9]+)", pathlib.Path("/proc/meminfo").read_text())[1]) // 2**20
    return {
        "cpu": f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores",
        "memory": f"{memory} GiB",
        "kernel": platform.release(),
        "postgres": first_line(f"{postgres.bin}/postgres", "--version"),
        "wrk": first_line("wrk", "--version").split(" [")[0],
        "rustc": first_line("rustc", "--version"),
        "scrip": first_line("git", "describe", "--always", "--dirty"),
    }


class Report:
    """Rows and notes, told as they come."""

    def __init__(self):
        self.rows, self.notes = [], []

    def note(self, text):
        """One line beside the table."""
        self.notes.append(text)
        print(f"# {text}", flush=True)

    def row(self, what, ours, peer, value, bar):
        """One row of the table."""
        self.rows.append((what, ours, peer, value, bar))
        print(f"| {what} | {ours} | {peer} | {value} | {bar} |", flush=True)

    def rate(self, what, ours, peer, bar):
        """How many times as many a second."""
        self.row(what, f"{ours['rate']:,.0f}/s", f"{peer['rate']:,.0f}/s", f"{ours['rate'] / peer['rate']:.2f}", bar)

    def time(self, what, ours, peer, bar):
        """How many times as long."""
        self.amount(what, ours, peer, "ms", bar)

    def amount(self, what, ours, peer, unit, bar):
        """How many times as much."""
        self.row(what, f"{ours:.2f} {unit}", f"{peer:.2f} {unit}", f"{ours / peer:.2f}", bar)

    def limit(self, what, ours, unit, bar):
        """One value against a bar."""
        self.row(what, f"{ours:.1f} {unit}", "", f"{ours:.1f} {unit}", bar)

    def text(self, facts):
        """Everything, as Markdown."""
        lines = [f"{name}: {value}  " for name, value in facts.items()]
        lines += ["", *(f"{note}  " for note in self.notes), ""]
        lines += ["| measure | Scrip | peer | ratio | bar |", "|---|---|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in self.rows]
        return "\n".join(lines) + "\n"
