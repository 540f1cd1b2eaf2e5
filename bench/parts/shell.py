"""Running programs: in the foreground, or as servers that end with the benchmark."""

import atexit
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()


class Failed(Exception):
    """A program failed, or an answer was not right."""


def run(command, **options):
    """Runs a program and answers what it wrote; fails with all it said."""
    command = [str(part) for part in command]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, **options
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


def quiet(idle=0.9, patience=60):
    """Waits until the processors have had next to nothing to do for half a second; says so where that does not come."""

    def times():
        fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return fields[3] + fields[4], sum(fields)

    for _ in range(patience * 2):
        (idle_before, all_before) = times()
        time.sleep(0.5)
        (idle_after, all_after) = times()
        if idle_after - idle_before >= idle * (all_after - all_before):
            return
    print(f"# the machine is not quiet after {patience} s: something else runs", flush=True)


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def post(url, body, headers=None, timeout=60):
    """Posts JSON text and answers the body."""
    request = urllib.request.Request(url, body.encode(), {"content-type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read()


class Process:
    """A server in a process group of its own."""

    def __init__(self, command, log, env=None, stdout=None):
        self.log = log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(
                [str(part) for part in command],
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=stdout or out,
                stderr=out,
                start_new_session=True,
            )
        # A measurement that fails leaves nothing running.
        atexit.register(self.stop)

    def said(self):
        """The end of its log."""
        return pathlib.Path(self.log).read_text(errors="replace")[-3000:]

    def stop(self):
        """Ends it, first politely."""
        if self.child.poll() is not None:
            return
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()

    def pids(self):
        """Its processes: those of its session."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if os.getsid(int(entry.name)) == self.child.pid:
                        found.append(int(entry.name))
                except (ProcessLookupError, PermissionError):
                    pass
        return found

    def memory(self, field):
        """KiB of `VmRSS` (now) or `VmHWM` (peak), all its processes together."""
        total = 0
        for pid in self.pids():
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
            except FileNotFoundError:
                continue
            total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith(field))
        return total

    def forget_peak(self):
        """Lets the peak begin anew."""
        for pid in self.pids():
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def wait_for(what, ready, process, seconds=60):
    """Waits until `ready` answers true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.child.poll() is not None:
            raise Failed(f"{what} ended: {process.said()}")
        if ready():
            return
        time.sleep(0.05)
    raise Failed(f"{what} is not ready: {process.said()}")
