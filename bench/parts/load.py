"""Load over HTTP, by wrk."""

import json
import os
import shutil
import time

from .shell import ROOT, Failed, run


def wrk(url, key, kind, ids, connections, seconds, salt="", body=None, warm=False):
    """One run of wrk. Fails if any request was not answered with 200; one that only warms may answer none."""
    program = shutil.which("wrk")
    if not program:
        raise Failed("wrk is not installed: apt-get install wrk")
    command = [program, "-t", min(2, connections), "-c", connections, "-d", f"{seconds}s", "--timeout", "30s"]
    command += ["-s", ROOT / "bench/load/wrk.lua", url, "--", kind, ids, f"{salt}{time.time_ns()}"]
    if body:
        command.append(body)
    said = run(command, env={**os.environ, "BENCH_KEY": key})
    lines = [line[4:] for line in said.splitlines() if line.startswith("JSON")]
    if not lines:
        raise Failed(said)
    told = json.loads(lines[0])
    if not warm and (told["failed"] or not told["requests"]):
        raise Failed(f"wrk {kind}: {said}")
    told["rate"] = told["requests"] / told["seconds"]
    return told
