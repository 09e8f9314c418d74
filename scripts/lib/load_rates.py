"""Rates of polls, posts and downloads: load_rates.py rates|steady URL PROCESS SECONDS MINUTES. See scripts/load."""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

from load import Server
from service_client import Failure

CONNECTIONS = 32
# The share by which the resident memory may grow between the second third of the rounds of `steady` and the last. In the first
# third the caches of the allocator and of SQLite fill.
GROWTH = 0.05
POST = """
wrk.method = "POST"
wrk.body = '{"kind": "evaluate", "model": "small", "dataset": "digits", "split": "test"}'
wrk.headers["Content-Type"] = "application/json"
"""


def wrk(url, seconds, script=None):
    """Requests a second, the 99th percentile in milliseconds, the answers, and how many were no success."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    if script:
        command += ["-s", script]
    done = subprocess.run([*command, url], capture_output=True, text=True)
    if done.returncode:
        raise Failure(f"wrk: {done.stderr.strip()}")
    number = lambda pattern: re.search(pattern, done.stdout)
    last = number(r"99%\s+([\d.]+)(us|ms|s)\b")
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}[last[2]]
    failed = number(r"Non-2xx or 3xx responses: (\d+)")
    broken = number(r"Socket errors: (.*)")
    if broken:
        raise Failure(f"wrk met socket errors: {broken[1]}")
    rate = float(number(r"Requests/sec:\s+([\d.]+)")[1])
    return rate, float(last[1]) * scale, int(number(r"(\d+) requests in")[1]), int(failed[1]) if failed else 0


class Loads:
    def __init__(self, server, url, seconds):
        self.server, self.url, self.seconds = server, url, seconds
        server.json("POST", "/v1/datasets", {"name": "digits", "source": {"format": "builtin", "name": "digits"}})
        small = {"name": "small", "dataset": "digits", "architecture": "logistic", "training": {"epochs": 1}}
        self.job = server.json("POST", "/v1/models", small)["id"]
        large = {"name": "large", "dataset": "digits", "architecture": {"name": "mlp", "hidden": [5000, 5000]}}
        server.json("POST", "/v1/models", large)
        self.checkpoint = server.json("GET", "/v1/models/large/checkpoints")["items"][0]
        ended = server.json("GET", f"/v1/jobs/{self.job}?wait=60")
        if ended["state"] != "succeeded":
            raise Failure(f"the training is {ended['state']}")
        self.script = tempfile.NamedTemporaryFile("w", suffix=".lua")
        self.script.write(POST)
        self.script.flush()

    def polls(self):
        rate, last, _, failed = wrk(f"{self.url}/v1/jobs/{self.job}", self.seconds)
        if failed:
            raise Failure(f"{failed} polls were not answered with a success")
        print(f"  GET /v1/jobs/ID, {CONNECTIONS} connections: {rate:.0f} a second, 99th percentile {last:.2f} ms", flush=True)

    def queued(self):
        text = subprocess.run(["curl", "-s", f"{self.url}/metrics"], capture_output=True, text=True, check=True).stdout
        return sum(int(count) for count in re.findall(r'^influenced_jobs\{kind="evaluate".*\} (\d+)$', text, re.M))

    def posts(self):
        before = self.queued()
        rate, last, answers, failed = wrk(f"{self.url}/v1/jobs", self.seconds, self.script.name)
        if failed:
            raise Failure(f"{failed} posts were not answered with a success")
        kept = self.queued() - before
        # Posts under way when wrk left may be kept though nobody read their answers.
        if not answers <= kept <= answers + CONNECTIONS:
            raise Failure(f"{answers} posts were answered with 202, {kept} jobs are there")
        print(f"  POST /v1/jobs, {CONNECTIONS} connections: {rate:.0f} a second, 99th percentile {last:.2f} ms, all kept", flush=True)

    def downloads(self, count):
        command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{size_download} %{speed_download}"]
        speeds = []
        for _ in range(count):
            code, size, speed = subprocess.run(
                [*command, f"{self.url}/v1/checkpoints/{self.checkpoint['id']}/weights"],
                capture_output=True, text=True, check=True,
            ).stdout.split()
            if code != "200" or int(size) != self.checkpoint["bytes"]:
                raise Failure(f"a download was answered with {code} and {size} bytes")
            speeds.append(float(speed))
        megabytes = self.checkpoint["bytes"] / 1e6
        print(
            f"  GET weights of {megabytes:.0f} MB by curl, {count} times: median {statistics.median(speeds) / 1e9:.2f} GB/s, "
            f"fastest {max(speeds) / 1e9:.2f}",
            flush=True,
        )


def steady(server, loads, minutes):
    end = time.monotonic() + 60 * minutes
    sizes = []
    while time.monotonic() < end or len(sizes) < 3:
        loads.polls()
        loads.posts()
        loads.downloads(10)
        sizes.append(server.resident())
        print(f"after {len(sizes)} rounds: {sizes[-1] / 1e6:.1f} MB resident", flush=True)
    third = len(sizes) // 3
    middle, last = (statistics.mean(part) for part in (sizes[third : 2 * third], sizes[-third:]))
    growth = last / middle - 1
    print(f"{minutes:g} minutes: resident memory {100 * growth:+.1f} % from the second third of the rounds to the last")
    if growth > GROWTH:
        raise Failure("the resident memory grows")


def main(kind, url, process, seconds, minutes):
    server = Server(url, int(process))
    try:
        loads = Loads(server, url, int(seconds))
        if kind == "steady":
            steady(server, loads, float(minutes))
        else:
            loads.polls()
            loads.posts()
            loads.downloads(10)
    except (Failure, OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"  {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
