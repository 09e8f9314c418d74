"""Kills a server again and again and looks at what is left: kill_test.py SERVER [--rounds N] [--seed N] [--keep].
See scripts/kill-test."""

import argparse
import array
import hashlib
import http.client
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from service_client import Failure

FLAGS = ["--workers", "2", "--save-interval", "0.1", "--crash-limit", "1000000", "--queue-limit", "200", "--log-level", "warning"]

DIGITS = {"name": "digits", "source": {"format": "builtin", "name": "digits"}}
BASE = {
    "name": "base", "dataset": "digits", "architecture": {"name": "mlp", "hidden": [16]}, "seed": 5, "weight_decay": 0.001,
    "training": {"epochs": 500, "batch_size": 64, "learning_rate": 0.05, "validation": 0.1},
}
# Large enough that an upload can be cut off anywhere.
UPLOADED = {"name": "up", "dataset": "digits", "architecture": {"name": "mlp", "hidden": [512, 512]}, "seed": 1}

CURVATURE = {"damping": 0.02, "solver": {"name": "cg", "iterations": 400, "tolerance": 1e-5}}


def training(optimizer, epochs, **rest):
    return {"optimizer": optimizer, "epochs": epochs, "validation": 0.1, **rest}


def model(name, training):
    return {"name": name, "dataset": "digits", "architecture": {"name": "mlp", "hidden": [96]}, "seed": 3, "weight_decay": 0.001, "training": training}


# Requests that are sent again and again: the path, the body, and whether the job is long. `@` becomes a new name.
WORKS = {
    "sgd": ("/v1/models", model("@", training("sgd", 1200, batch_size=64, learning_rate=0.02)), True),
    "lbfgs": ("/v1/models", model("@", training("lbfgs", 3000, gradient_norm=1e-12)), True),
    "remove": ("/v1/jobs", {"kind": "remove", "model": "base", "class": 8, "modification_ratio": 0.3, "solver": {"name": "lsmr", "iterations": 1500, "tolerance": 1e-12}}, True),
    "remove-direct": ("/v1/jobs", {"kind": "remove", "model": "base", "class": 7, "estimator": "if", "damping": 0.02, "solver": {"name": "direct"}}, True),
    "retrain": ("/v1/jobs", {"kind": "retrain", "model": "base", "class": 3}, True),
    "influence": ("/v1/jobs", {"kind": "influence", "model": "base", "test": {"indices": list(range(20))}, "top": 5, **CURVATURE}, True),
    "self-influence": ("/v1/jobs", {"kind": "influence", "model": "base", "test": {"indices": [0]}, "self_influence": True, "damping": 0.02, "solver": {"name": "direct"}}, True),
    "spectrum": ("/v1/jobs", {"kind": "spectrum", "model": "base", "count": 30, "l2": [0.001, 0.003, 0.01, 0.03, 0.1]}, True),
    "validate": ("/v1/jobs", {"kind": "validate", "model": "base", "test": {"indices": [0, 1]}, "candidates": "top", "count": 8, "retrain_steps": 600, **CURVATURE}, True),
    "compare": ("/v1/jobs", {"kind": "compare", "model": "base", "class": 1, "estimator": ["gif", "pif"], "modification_ratio": [0.1, 0.3], "repeats": 4, "solver": {"name": "lsmr", "iterations": 60}}, True),
    "evaluate": ("/v1/jobs", {"kind": "evaluate", "model": "base", "dataset": "digits", "split": "test"}, False),
}

# Members that tell runs of the same request apart.
PASSING = {"seconds", "links", "job", "id", "model", "parent", "checkpoint", "name", "created_at"}


class Lost(Exception):
    """No answer came: what was asked for may have been done or not."""


def ask(port, method, path, body=None, headers=None, pieces=None):
    """Status and body of an answer. `pieces` sends the body slowly: seconds between two of its parts."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=90)
    try:
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        elif body is not None:
            headers["Content-Type"] = "application/octet-stream"
        if body is not None and pieces:
            connection.putrequest(method, path)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            size = max(1, len(body) // 16)
            for start in range(0, len(body), size):
                connection.send(body[start : start + size])
                time.sleep(pieces)
        else:
            connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Lost(str(error)) from None
    finally:
        connection.close()


class Server:
    """The process, one after the other on the same database."""

    def __init__(self, program, folder, name):
        self.program = program
        self.database = os.path.join(folder, name + ".sqlite")
        self.log = os.path.join(folder, name + ".log")
        self.process = None
        self.port = None

    def spawn(self):
        self.words = self.log + ".start"
        with open(self.words, "wb") as words, open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "--host", "127.0.0.1", "--port", "0", "--database", self.database, *FLAGS],
                stdin=subprocess.DEVNULL, stdout=words, stderr=log,
            )

    def wait(self):
        """Until it says where it listens."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with open(self.words) as words:
                found = re.search(r"http://127\.0\.0\.1:(\d+)", words.read())
            if found:
                self.port = int(found[1])
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise Failure(f"the server did not start: see {self.log}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        start = time.monotonic()
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure("the server did not end within 15 s of SIGTERM") from None
        if code != 0 or time.monotonic() - start > 10:
            raise Failure(f"SIGTERM ended the server with {code} after {time.monotonic() - start:.1f} s")

    def json(self, method, path, body=None, headers=None):
        status, raw = ask(self.port, method, path, body, headers)
        if status >= 400:
            raise Failure(f"{method} {path} was answered with {status}: {raw.decode(errors='replace')}")
        return json.loads(raw) if raw else None

    def all(self, path):
        """Every item of a collection."""
        items, after = [], ""
        while True:
            mark = "&" if "?" in path else "?"
            page = self.json("GET", f"{path}{mark}limit=500{after}")["items"]
            items += page
            if len(page) < 500:
                return items
            after = "&after=" + (page[-1].get("id") or page[-1]["name"])


def without_passing(value):
    if isinstance(value, dict):
        return {key: without_passing(member) for key, member in value.items() if key not in PASSING}
    if isinstance(value, list):
        return [without_passing(member) for member in value]
    return value


def fingerprint(server, job):
    """The parts of a job that must be the same in every run: the result without times and names, and the weights."""
    made = server.all(f"/v1/models/{made_model(job)}/checkpoints")
    weights = sorted(item["sha256"] for item in made if item["job"] == job["id"])
    return json.dumps([without_passing(job["result"]), weights], sort_keys=True)


def made_model(job):
    result = job["result"]
    named = result.get("model") if isinstance(result, dict) else None
    return named if isinstance(named, str) else job["request"]["model"]


def array_bytes(shape, kind, data):
    """An .npy file."""
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + data


def set_arrays(number):
    """The arrays of the uploaded set of a number: inputs and labels."""
    chance = random.Random(number)
    count = 8000
    labels = array.array("i", (chance.randrange(4) for _ in range(count - 4)))
    labels.extend(range(4))
    return {
        "inputs": array_bytes((count, 64), "|u1", chance.randbytes(64 * count)),
        "labels": array_bytes((count,), "<i4", labels.tobytes()),
    }


class Ledger:
    """Everything that was acknowledged, and everything that may have happened without an answer."""

    def __init__(self):
        self.lock = threading.Lock()
        self.jobs = {}  # id: {work, key, path, body, state, gone, cancel, compared}
        self.pending = {}  # posts without an answer: key: (path, body, work)
        self.checkpoints = {}  # id: "kept", "gone" or "unknown"
        self.lost_uploads = 0
        self.sets = {}  # number: {"parts", "gone", "sha256"}
        self.faults = []
        self.counts = {}

    def count(self, what, amount=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + amount

    def fault(self, text):
        with self.lock:
            self.faults.append(text)
        print(f"  FAULT {text}", file=sys.stderr, flush=True)

    def unfinished(self, long):
        return sum(
            1 for job in self.jobs.values() if job["state"] in ("queued", "running") and job["gone"] == "no" and WORKS[job["work"]][2] == long
        )


class Gate:
    """Lets clients work only while the server is up, and tells when all have left off."""

    def __init__(self):
        self.condition = threading.Condition()
        self.port = None
        self.inside = 0
        self.ended = False

    def open(self, port):
        with self.condition:
            self.port = port
            self.condition.notify_all()

    def shut(self):
        with self.condition:
            self.port = None

    def wait_empty(self):
        with self.condition:
            if not self.condition.wait_for(lambda: self.inside == 0, 120):
                raise Failure("a client still waits for an answer 120 s after the kill")

    def end(self):
        with self.condition:
            self.ended = True
            self.condition.notify_all()

    def enter(self):
        with self.condition:
            self.condition.wait_for(lambda: self.port or self.ended)
            if self.ended:
                return None
            self.inside += 1
            return self.port

    def leave(self):
        with self.condition:
            self.inside -= 1
            self.condition.notify_all()


class Clients:
    """Requests of every kind, in threads of their own."""

    def __init__(self, ledger, gate, weights, weights_digest, seed):
        self.ledger, self.gate = ledger, gate
        self.weights, self.weights_digest = weights, weights_digest
        self.number = 0
        actions = [self.post, self.post, self.repeat, self.put_weights, self.put_set, self.cancel, self.delete, self.look]
        self.threads = [
            threading.Thread(target=self.run, args=(action, random.Random(f"{seed} {place}")), daemon=True)
            for place, action in enumerate(actions)
        ]
        for thread in self.threads:
            thread.start()

    def run(self, action, chance):
        while True:
            port = self.gate.enter()
            if port is None:
                return
            try:
                action(port, chance)
            except Lost:
                pass
            except Exception as error:
                self.ledger.fault(f"{action.__name__}: {type(error).__name__} {error}")
            finally:
                self.gate.leave()
            time.sleep(chance.uniform(0, 0.15))

    def next_number(self):
        with self.ledger.lock:
            self.number += 1
            return self.number

    def some_job(self, chance, condition):
        with self.ledger.lock:
            found = [id for id, job in self.ledger.jobs.items() if job["gone"] == "no" and condition(job)]
        return chance.choice(found) if found else None

    def post(self, port, chance):
        ledger = self.ledger
        with ledger.lock:
            waiting = list(ledger.pending.items())
        mine = threading.get_ident()
        again = [(key, post) for key, post in waiting if post[3] == mine]
        if again:
            key, (path, body, work, _) = again[0]
        else:
            number = self.next_number()
            works = [name for name, work in WORKS.items() if work[2]]
            with ledger.lock:
                is_busy = ledger.unfinished(long=True) >= 5
                is_full = ledger.unfinished(long=False) >= 50
            if is_busy and is_full:
                return
            work = "evaluate" if is_busy or (not is_full and chance.random() < 0.6) else chance.choice(works)
            path, body, _ = WORKS[work]
            body = json.loads(json.dumps(body).replace("@", f"t{number}"))
            key = f"key-{number}"
            with ledger.lock:
                ledger.pending[key] = (path, body, work, mine)
        status, raw = ask(port, "POST", path, body, {"Idempotency-Key": key})
        if status not in (200, 202):
            with ledger.lock:
                del ledger.pending[key]
            return ledger.fault(f"POST {path} {work} was answered with {status}: {raw.decode()}")
        job = json.loads(raw)
        with ledger.lock:
            del ledger.pending[key]
            if job["id"] in ledger.jobs:
                ledger.faults.append(f"the job {job['id']} was the answer to two keys")
            ledger.jobs[job["id"]] = {
                "work": work, "key": key, "path": path, "body": body, "state": job["state"], "gone": "no", "cancel": "no", "compared": False,
            }
        ledger.count("posts")

    def repeat(self, port, chance):
        """A key that was answered is answered with the same job."""
        id = self.some_job(chance, lambda job: not job["compared"])
        if not id:
            return
        job = self.ledger.jobs[id]
        status, raw = ask(port, "POST", job["path"], job["body"], {"Idempotency-Key": job["key"]})
        if job["gone"] == "no" and (status != 200 or json.loads(raw)["id"] != id):
            self.ledger.fault(f"the key of {id} was answered again with {status}: {raw[:300].decode()}")
        self.ledger.count("repeated posts")

    def put_weights(self, port, chance):
        ledger = self.ledger
        with ledger.lock:
            if sum(1 for state in ledger.checkpoints.values() if state == "kept") >= 6:
                return
        try:
            body = with_note(self.weights, str(self.next_number()))
            status, raw = ask(port, "PUT", "/v1/models/up/weights", body, pieces=chance.uniform(0, 0.05))
        except Lost:
            with ledger.lock:
                ledger.lost_uploads += 1
            raise
        if status != 201:
            return ledger.fault(f"PUT weights was answered with {status}: {raw.decode()}")
        made = json.loads(raw)
        if made["sha256"] != self.weights_digest:
            ledger.fault(f"uploaded weights have the SHA-256 {made['sha256']}")
        with ledger.lock:
            ledger.checkpoints[made["id"]] = "kept"
        ledger.count("uploaded weights")

    def put_set(self, port, chance):
        ledger = self.ledger
        with ledger.lock:
            begun = [n for n, known in ledger.sets.items() if known["gone"] == "no" and len(known["parts"]) < 2]
            kept = sum(1 for known in ledger.sets.values() if known["gone"] == "no")
        if begun:
            number = begun[0]
        elif kept >= 6:
            return
        else:
            number = self.next_number()
            with ledger.lock:
                ledger.sets[number] = {"parts": set(), "gone": "no", "sha256": None}
        known = ledger.sets[number]
        part = "labels" if "inputs" in known["parts"] else "inputs"
        path = f"/v1/datasets/set-{number}/train/{part}"
        status, raw = ask(port, "PUT", path, set_arrays(number)[part], pieces=chance.uniform(0, 0.04))
        # An upload without an answer may have been kept; the same array again is taken.
        if status not in (200, 201):
            return ledger.fault(f"PUT {path} was answered with {status}: {raw.decode()}")
        with ledger.lock:
            known["parts"].add(part)
        ledger.count("uploaded arrays")

    def cancel(self, port, chance):
        if chance.random() < 0.7:
            return
        id = self.some_job(chance, lambda job: job["state"] in ("queued", "running") and job["cancel"] == "no")
        if not id:
            return
        job = self.ledger.jobs[id]
        try:
            status, raw = ask(port, "POST", f"/v1/jobs/{id}/cancel")
        except Lost:
            job["cancel"] = "unknown"
            raise
        if status == 202:
            job["cancel"] = "yes"
            if json.loads(raw)["state"] == "cancelled":
                job["state"] = "cancelled"
            self.ledger.count("cancels")
        elif status not in (404, 409):
            self.ledger.fault(f"the cancel of {id} was answered with {status}: {raw.decode()}")

    def delete(self, port, chance):
        ledger = self.ledger
        what = chance.choice(["job", "checkpoint", "set"])
        if what == "job":
            id = self.some_job(chance, lambda job: job["compared"] or job["state"] == "cancelled")
            self.delete_one(port, f"/v1/jobs/{id}", ledger.jobs.get(id), "gone")
        elif what == "checkpoint":
            with ledger.lock:
                kept = [id for id, state in ledger.checkpoints.items() if state == "kept"]
            if len(kept) >= 3:
                id = chance.choice(kept)
                self.delete_one(port, f"/v1/checkpoints/{id}", ledger.checkpoints, id)
        else:
            with ledger.lock:
                kept = [n for n, known in ledger.sets.items() if known["gone"] == "no" and known["sha256"]]
            if len(kept) >= 3:
                number = chance.choice(kept)
                self.delete_one(port, f"/v1/datasets/set-{number}", ledger.sets[number], "gone")

    def delete_one(self, port, path, entry, member):
        if entry is None:
            return
        # Before the answer, so that nobody else takes it for kept.
        before, entry[member] = entry[member], "unknown"
        status, raw = ask(port, "DELETE", path)
        if status == 204:
            entry[member] = "yes"
            self.ledger.count("deletions")
        elif status == 409:
            entry[member] = before
        else:
            self.ledger.fault(f"DELETE {path} was answered with {status}: {raw.decode()}")

    def look(self, port, chance):
        """A client that only waits: its connection is open when the kill comes."""
        id = self.some_job(chance, lambda job: job["state"] in ("queued", "running"))
        if id:
            ask(port, "GET", f"/v1/jobs/{id}?wait=1")


def step(event):
    """The epoch or iteration that a progress event of a training tells of."""
    found = re.search(r"(?:epoch|iteration) (\d+) of", event["detail"])
    return int(found[1]) if found else 0


class Checks:
    """The checks after every restart, and at the end."""

    def __init__(self, ledger, server, reference, weights_digest):
        self.ledger, self.server = ledger, server
        self.reference, self.weights_digest = reference, weights_digest
        self.expected_starts = {}

    def file(self, folder):
        """SQLite's check of a copy of what the kill left, and what the jobs had saved."""
        copy = os.path.join(folder, "copy.sqlite")
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(copy + suffix):
                os.remove(copy + suffix)
        for suffix in ("", "-wal"):
            if os.path.exists(self.server.database + suffix):
                shutil.copy(self.server.database + suffix, copy + suffix)
        connection = sqlite3.connect(copy)
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            found += [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
            if found != ["ok"]:
                self.ledger.fault(f"the integrity check says {found[:5]}")
            self.resumptions(connection)
        finally:
            connection.close()

    def resumptions(self, connection):
        """A training that had saved an epoch must not have begun anew after the last restart."""
        for id, (last, floor) in list(self.expected_starts.items()):
            rows = connection.execute("SELECT data FROM event WHERE job = ? AND id > ? AND name = 'progress' ORDER BY id", (id, last))
            first = next((event for event in (json.loads(row[0]) for row in rows) if event["phase"] == "train"), None)
            if first:
                del self.expected_starts[id]
                self.ledger.count("resumptions")
                if step(first) < floor:
                    self.ledger.fault(f"the job {id} had saved step {floor} of its training and went on from {step(first)}")
        running = connection.execute(
            "SELECT id, saved FROM job JOIN job_stage ON job = id WHERE state = 'running' AND kind IN ('train', 'retrain') AND name = 'epoch'"
        ).fetchall()
        for id, saved in running:
            last = connection.execute("SELECT max(id) FROM event WHERE job = ?", (id,)).fetchone()[0]
            before = connection.execute(
                "SELECT data FROM event WHERE job = ? AND name = 'progress' AND created < ? ORDER BY id DESC LIMIT 1", (id, saved)
            ).fetchone()
            if before:
                self.expected_starts[id] = (last, step(json.loads(before[0])))

    def acknowledged(self):
        """Nothing acknowledged is lost, nothing deleted is back; called while no client works."""
        ledger, fault = self.ledger, self.ledger.fault
        found = {job["id"]: job for job in self.server.all("/v1/jobs")}
        for id, job in ledger.jobs.items():
            there = found.pop(id, None)
            if job["gone"] == "unknown":
                job["gone"] = "no" if there else "yes"
            if job["gone"] == "yes":
                if there:
                    fault(f"the deleted job {id} is back")
                continue
            if not there:
                fault(f"the job {id} ({job['work']}) is lost")
                job["gone"] = "yes"
                continue
            state = there["state"]
            if job["state"] in ("succeeded", "failed", "cancelled") and state != job["state"]:
                fault(f"the job {id} had {job['state']} and is {state}")
            if job["cancel"] == "yes" and state in ("queued", "running"):
                fault(f"the job {id} was cancelled and is {state}")
            if job["cancel"] == "unknown":
                job["cancel"] = "no"
            if state == "failed" and job["state"] != "failed":
                fault(f"the job {id} ({job['work']}) failed: {there['error']}")
            job["state"] = state
        base = {"base"}
        extra = [job for job in found.values() if job["request"]["model"] not in base or job["kind"] != "train"]
        if len(extra) > len(ledger.pending):
            fault(f"{len(extra)} jobs are there that nobody posted")
        self.checkpoints()
        self.sets()

    def checkpoints(self):
        ledger = self.ledger
        found = {item["id"]: item for item in self.server.all("/v1/models/up/checkpoints") if item["kind"] == "uploaded"}
        for id, state in list(ledger.checkpoints.items()):
            there = found.pop(id, None)
            if state == "unknown":
                ledger.checkpoints[id] = "kept" if there else "yes"
            elif state == "kept" and not there:
                ledger.fault(f"the uploaded checkpoint {id} is lost")
            elif state == "yes" and there:
                ledger.fault(f"the deleted checkpoint {id} is back")
            if there and there["sha256"] != self.weights_digest:
                ledger.fault(f"the checkpoint {id} has another SHA-256")
        if len(found) > ledger.lost_uploads:
            ledger.fault(f"{len(found)} checkpoints are there that nobody uploaded")
        # The checkpoint of an upload without an answer counts from now on.
        for id in found:
            ledger.checkpoints[id] = "kept"
            ledger.lost_uploads -= 1
        kept = [id for id, state in ledger.checkpoints.items() if state == "kept"]
        if kept:
            _, body = ask(self.server.port, "GET", f"/v1/checkpoints/{random.choice(kept)}/weights")
            if hashlib.sha256(body).hexdigest() != self.weights_digest:
                ledger.fault("a downloaded checkpoint is not what was uploaded")

    def sets(self):
        ledger = self.ledger
        found = {item["name"]: item for item in self.server.all("/v1/datasets")}
        for number, known in ledger.sets.items():
            there = found.get(f"set-{number}")
            if known["gone"] == "unknown":
                known["gone"] = "no" if there else "yes"
            if known["gone"] == "yes":
                if there:
                    ledger.fault(f"the deleted data set {number} is back")
                continue
            if not there:
                if known["parts"]:
                    ledger.fault(f"the data set {number} is lost with {known['parts']}")
                    known["gone"] = "yes"
                continue
            if known["parts"] == {"inputs", "labels"}:
                if there["state"] != "ready":
                    ledger.fault(f"the data set {number} is {there['state']} and has all its arrays")
                elif known["sha256"] not in (None, there["sha256"]):
                    ledger.fault(f"the data set {number} has other samples")
                known["sha256"] = there.get("sha256")

    def results(self, wait=0):
        """Compares the jobs that have ended with the reference; the long ones that have not."""
        open_jobs = []
        for id, job in list(self.ledger.jobs.items()):
            if job["gone"] != "no" or job["compared"] or job["state"] in ("cancelled", "failed"):
                continue
            there = self.server.json("GET", f"/v1/jobs/{id}" + (f"?wait={wait}" if wait else ""))
            if there["state"] == "succeeded":
                if fingerprint(self.server, there) != self.reference[job["work"]]:
                    self.ledger.fault(f"the result of {id} ({job['work']}, attempt {there['attempt']}) is another: {there['result']}")
                job["compared"] = True
                self.ledger.count("results compared")
                if there["attempt"] > 1:
                    self.ledger.count("of them killed before")
            elif there["state"] in ("queued", "running"):
                open_jobs.append(id)
            elif there["state"] == "failed":
                self.ledger.fault(f"the job {id} ({job['work']}) failed: {there['error']}")
            job["state"] = there["state"]
        return open_jobs


def with_note(weights, note):
    """The same weights as another file: a body that was sent before would be answered with the checkpoint it made."""
    length = int.from_bytes(weights[:8], "little")
    header = json.loads(weights[8:8 + length])
    header["__metadata__"] = {"format": "pt", "note": note}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + weights[8 + length:]


def make_base(server):
    """The data set and models that everything else works on; the bytes of weights to upload."""
    server.json("POST", "/v1/datasets", DIGITS)
    job = server.json("POST", "/v1/models", BASE)
    if server.json("GET", f"/v1/jobs/{job['id']}?wait=60")["state"] != "succeeded":
        raise Failure("the first training did not succeed")
    server.json("POST", "/v1/models", UPLOADED)
    return ask(server.port, "GET", "/v1/models/up/weights")[1]


def make_reference(server):
    reference, seconds = {}, {}
    for work, (path, body, _) in WORKS.items():
        start = time.monotonic()
        job = server.json("POST", path, json.loads(json.dumps(body).replace("@", "t0")))
        ended = server.json("GET", f"/v1/jobs/{job['id']}?wait=120")
        if ended["state"] != "succeeded":
            raise Failure(f"{work} {ended['state']} undisturbed: {ended['error']}")
        reference[work] = fingerprint(server, ended)
        seconds[work] = time.monotonic() - start
        if path == "/v1/models":
            server.json("DELETE", "/v1/models/t0")
    print("  undisturbed: " + ", ".join(f"{work} {value:.1f} s" for work, value in seconds.items()), flush=True)
    return reference


def rest(database):
    """Rows that must not stay: unfinished and dead blobs, and blobs that nobody owns."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)
    try:
        owners = " UNION ALL ".join(f"SELECT blob FROM {table}" for table in ("dataset_part", "checkpoint", "job_stage", "artifact"))
        unsealed = connection.execute("SELECT count(*) FROM blob WHERE state <> 'sealed'").fetchone()[0]
        unowned = connection.execute(f"SELECT count(*) FROM blob WHERE state = 'sealed' AND id NOT IN ({owners})").fetchone()[0]
        chunks = connection.execute("SELECT count(*) FROM blob_chunk WHERE key >> 24 NOT IN (SELECT id FROM blob)").fetchone()[0]
        stages = connection.execute("SELECT count(*) FROM job_stage JOIN job ON job.id = job WHERE finished IS NOT NULL").fetchone()[0]
        return unsealed, unowned + chunks + stages
    finally:
        connection.close()


def run(program, rounds, seed, folder):
    print(f"Killing the server {rounds} times (seed {seed})", flush=True)
    chance = random.Random(seed)
    undisturbed = Server(program, folder, "reference")
    undisturbed.spawn()
    undisturbed.wait()
    make_base(undisturbed)
    reference = make_reference(undisturbed)
    undisturbed.stop()

    server = Server(program, folder, "killed")
    server.spawn()
    server.wait()
    weights = make_base(server)
    digest = hashlib.sha256(weights).hexdigest()
    ledger, gate = Ledger(), Gate()
    checks = Checks(ledger, server, reference, digest)
    clients = Clients(ledger, gate, weights, digest, seed)
    started = time.monotonic()
    gate.open(server.port)
    for number in range(1, rounds + 1):
        time.sleep(chance.uniform(0.2, 2.2))
        gate.shut()
        server.kill()
        gate.wait_empty()
        checks.file(folder)
        server.spawn()
        if chance.random() < 0.1:
            # While it starts.
            time.sleep(chance.uniform(0, 0.3))
            server.kill()
            checks.file(folder)
            server.spawn()
            ledger.count("kills at the start")
        server.wait()
        checks.acknowledged()
        if number % 5 == 0:
            checks.results()
        gate.open(server.port)
        if number % 20 == 0 or number == rounds:
            print(f"  {number} kills, {time.monotonic() - started:.0f} s, " + ", ".join(f"{value} {what}" for what, value in sorted(ledger.counts.items())), flush=True)
        if ledger.faults:
            break
    gate.shut()
    gate.end()
    gate.wait_empty()
    # Posts without an answer may have been kept; their jobs end like the others.
    deadline = time.monotonic() + 300
    while not ledger.faults and checks.results(wait=10):
        if time.monotonic() > deadline:
            ledger.fault("jobs are left 300 s after the last kill")
    for number, known in ledger.sets.items():
        if known["gone"] == "no" and known["sha256"] and not ledger.faults:
            check_set(undisturbed, number, known, ledger)
            break
    checks.acknowledged()
    deadline = time.monotonic() + 120
    while True:
        unsealed, unowned = rest(server.database)
        if unsealed + unowned == 0 or ledger.faults:
            break
        if time.monotonic() > deadline:
            ledger.fault(f"{unsealed} unfinished blobs and {unowned} rows that nobody owns are never reclaimed")
        time.sleep(1)
    server.stop()
    checks.file(folder)
    lost = [work for work in WORKS if not any(job["work"] == work for job in ledger.jobs.values())]
    print("  " + ", ".join(f"{value} {what}" for what, value in sorted(ledger.counts.items())))
    if lost:
        print(f"  never asked for: {', '.join(lost)}")
    return ledger.faults


def check_set(server, number, known, ledger):
    """The same arrays uploaded to a server that nobody kills make the same set."""
    server.spawn()
    server.wait()
    for part, data in set_arrays(number).items():
        ask(server.port, "PUT", f"/v1/datasets/set-{number}/train/{part}", data)
    if server.json("GET", f"/v1/datasets/set-{number}")["sha256"] != known["sha256"]:
        ledger.fault(f"the data set {number} has other samples than were uploaded")
    server.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="influenced.")
    try:
        faults = run(options.server, options.rounds, options.seed, folder)
    except (Failure, Lost) as error:
        faults = [str(error)]
        print(f"  {error}", file=sys.stderr)
    finally:
        if options.keep:
            print(f"  the files are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(faults)} faults." if faults else "Nothing acknowledged was lost and no result changed.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
