"""Databases made by one binary and gone on with by another.

Each database holds finished, failed and cancelled jobs, edited and uploaded checkpoints, one job that ran when the process was
killed, and one that waited behind it. Beside it stands what the old binary answers to every GET, and how both jobs, and some
that come after them, end on a server that nobody killed.
"""

import concurrent.futures
import contextlib
import json
import os
import pickle
import shutil
import sqlite3
import subprocess
import time

from compare import difference, jobs, subjects
from compare.recorder import Recording, Server, Trouble, without_passing

PICTURES = subjects.blobs(shape=[1, 8, 8], samples=900, test_samples=200, spread=1.5, seed=1)
SETS = {name: subjects.DATASETS[name] for name in ("digits", "few", "flipped", "marked", "iris", "two", "points",
                                                   "uploaded")} | {"pictures": PICTURES}
WIDE = {"name": "mlp", "hidden": [64]}
SLOW = {"solver": {"name": "lsmr", "iterations": 3000, "tolerance": 1e-14}}

# The models that most jobs of a database use, in turn.
BASES = [
    {"dataset": "few", "architecture": {"name": "mlp", "hidden": [12]}, "weight_decay": 0.001, "training": subjects.SGD},
    {"dataset": "pictures", "architecture": {"layers": subjects.LAYERS}, "weight_decay": 0.001,
     "training": {"epochs": 2, "batch_size": 50, "augment": ["flip"], "validation": 0.1}},
    {"dataset": "iris", "architecture": "logistic", "weight_decay": 0.01, "precision": "float64", "training": subjects.EXACT},
    {"dataset": "uploaded", "architecture": {"name": "mlp", "hidden": [8], "activation": "tanh"}, "weight_decay": 0.01,
     "training": {"optimizer": "adam", "epochs": 6, "batch_size": 20}},
    {"dataset": "pictures", "architecture": {"layers": subjects.PLAIN_LAYERS}, "precision": "float64", "weight_decay": 0.01,
     "training": {"epochs": 3, "batch_size": 60, "schedule": {"name": "step", "every": 2}}},
]


def long(dataset, architecture, training, body, **options):
    """The model of the job that is interrupted, and the job."""
    return {"dataset": dataset, "architecture": architecture, "weight_decay": 0.001, "training": training,
            **options}, {"model": "long", **body}


BRIEF = {"epochs": 2, "batch_size": 64, "validation": 0.1}
PAIR = {"test": {"indices": [0, 1]}}
GN = {"hessian": "gauss_newton", "damping": 0.02, "require_convergence": False}
DATABASES = [
    long("digits", WIDE, BRIEF, {"kind": "train", "epochs": 900, "batch_size": 64}),
    long("pictures", {"layers": subjects.LAYERS}, BRIEF, {"kind": "train", "optimizer": "adam", "epochs": 120, "batch_size": 50,
                                                          "augment": ["flip", "crop"]}),
    long("digits", WIDE, BRIEF, {"kind": "train", "optimizer": "lbfgs", "epochs": 4000, "gradient_norm": 1e-13}),
    long("digits", {"name": "mlp", "hidden": [24]}, BRIEF, {"kind": "train", "optimizer": "newton", "epochs": 300,
                                                            "gradient_norm": 1e-15, "validation": 0}),
    long("digits", WIDE, {"epochs": 2500, "batch_size": 64, "validation": 0.1},
         {"kind": "retrain", "class": 3, "name": "without"}),
    long("digits", WIDE, BRIEF, {"kind": "remove", "class": 8, "modification_ratio": 0.3, **SLOW}),
    long("digits", {"name": "mlp", "hidden": [24]}, BRIEF, {"kind": "remove", "class": 7, "estimator": "if", "damping": 0.02,
                                                            "solver": "direct"}),
    long("pictures", {"layers": subjects.LAYERS}, BRIEF, {"kind": "remove", "class": 1, "rounds": 3, "scales": [0.1],
                                                          "solver": {"name": "lsmr", "iterations": 60, "tolerance": 1e-14},
                                                          "modification_ratio": 0.5}),
    long("marked", WIDE, BRIEF,
         {"kind": "recover", "rounds": 4, "scales": [0.2], "solver": {"name": "lsmr", "iterations": 3000, "tolerance": 1e-14}}),
    long("digits", WIDE, BRIEF,
         {"kind": "influence", "test": {"indices": list(range(150))}, **GN,
          "solver": {"name": "cg", "iterations": 300, "tolerance": 1e-9}}),
    long("few", WIDE, BRIEF, {"kind": "influence", "self_influence": True, **GN,
                              "self_solver": {"name": "cg", "iterations": 500, "tolerance": 1e-12}}),
    long("digits", WIDE, BRIEF, {"kind": "influence", "influence": "perturbation", "test": {"indices": list(range(100))}, **GN}),
    long("few", {"name": "mlp", "hidden": [16]}, BRIEF, {"kind": "validate", "test": {"indices": [0, 1]}, "count": 90,
                                                         "retrain_steps": 800, **GN}),
    long("few", {"name": "mlp", "hidden": [16]}, {"epochs": 60, "batch_size": 32, "validation": 0.1},
         {"kind": "validate", "test": {"indices": [3]}, "from": "scratch", "groups": {"count": 150, "fraction": 0.1}, **GN}),
    long("digits", WIDE, BRIEF,
         {"kind": "compare", "class": 1, "estimator": ["gif", "pif", "fif"], "modification_ratio": [0.1, 0.3], "repeats": 6,
          "solver": {"name": "lsmr", "iterations": 100}}),
    long("points", {"name": "mlp", "hidden": [12], "activation": "tanh"}, {"epochs": 5},
         {"kind": "trajectory", "heterogeneous": True, "parameters": [0, 1, 2, 3], "damping": 0.05,
          "solver": {"name": "lsmr", "iterations": 2500, "tolerance": 1e-15}}, loss="mse"),
    long("digits", {"name": "mlp", "hidden": [24]}, BRIEF, {"kind": "spectrum", "count": 30, "l2": [0.001, 0.01, 0.1],
                                                            "retrain": True, "density": {"probes": 10, "steps": 40},
                                                            "iterations": 300}),
    long("two", {"name": "logistic", "outputs": 1}, subjects.EXACT, {"kind": "attack", "test": {"indices": list(range(10))},
                                                                     "iterations": 200, "epsilon": 0.05, "step": 0.0001,
                                                                     "train": {"count": 3}}, precision="float64"),
    ({"dataset": "iris", "architecture": "logistic"},
     {"kind": "sweep", "dataset": "iris", "architectures": [{"name": "mlp", "hidden": [5], "activation": "tanh"}],
     "weight_decays": [0.005, 0.05], "seeds": 4, "solver": "direct", "count": 6, "retrain_steps": 300,
     "training": {"epochs": 3000, "batch_size": "all", "validation": 0}}),
    long("flipped", {"name": "mlp", "hidden": [32]}, {"epochs": 400, "batch_size": 16, "validation": 0},
         {"kind": "mislabeled", "method": "self_influence", "fix_at": [0.1, 0.2, 0.3, 0.4], **GN}),
]
# The jobs that save nothing before their end, by number: updates, and solves for a single set of points.
SAVING_NOTHING = {6, 7, 8, 9, 10, 11}
WAITING = [{"kind": "remove", "indices": [20, 21, 25]}, {"kind": "influence", "test": {"indices": [2]}, "damping": 0.1,
                                                         "require_convergence": False}, {"kind": "spectrum", "count": 3},
           {"kind": "domain_mismatch", "damping": 0.1, "require_convergence": False}, {"kind": "retrain", "name": "other"}]
# Asked for at the end, on what the old binary had edited.
AFTER = [{"kind": "evaluate", "split": "train"}, {"kind": "remove", "indices": [10, 11, 12], "seed": 4},
         {"kind": "influence", "test": {"indices": [1]}, "damping": 0.1, "require_convergence": False},
         {"kind": "mislabeled", "top": 3}, {"kind": "retrain", "name": "after"}, {"kind": "train", "epochs": 1}]


class Database:
    """One of the twenty: its number, the folder that keeps it, and how its jobs go."""

    def __init__(self, number, folder):
        self.number, self.folder = number, folder
        self.path = os.path.join(folder, f"{number:02}.sqlite")
        self.known = os.path.join(folder, f"{number:02}.answers")
        self.model, self.job = DATABASES[number - 1]
        self.title = f"database {number} ({self.job['kind']})"

    @property
    def is_there(self):
        return os.path.exists(self.path) and os.path.exists(self.known)

    # MARK: Made by the old binary

    def make(self, program, folder):
        os.makedirs(folder)
        server = Server(program, os.path.join(folder, "made.sqlite"))
        server.start()
        try:
            self.fill(server)
            reads = self.reads(server)
            undisturbed = os.path.join(folder, "undisturbed.sqlite")
            copied = subprocess.run([program, "backup", undisturbed, "--database", server.database], capture_output=True,
                                    timeout=60)
            if copied.returncode:
                raise Trouble(f"{self.title}: backup ended with {copied.returncode}: {copied.stderr.decode()}")
            posted = self.post(server)
            saved = self.interrupt(server, posted["interrupted"]["id"])
        finally:
            if server.process.poll() is None:
                server.kill()
        copy(server.database, self.path)
        other = Server(program, undisturbed)
        other.start()
        try:
            ends = self.ends(other, self.post(other))
            other.stop()
        finally:
            if other.process.poll() is None:
                other.kill()
        with open(self.known, "wb") as file:
            pickle.dump({"reads": reads, "posted": posted, "ends": ends, "saved": saved}, file)
        return saved

    def fill(self, server):
        for name, source in SETS.items():
            must(server, "POST", "/v1/datasets", {"name": name, "source": source})
            for place, query, data in subjects.uploads().get(name, []):
                must(server, "PUT", f"/v1/datasets/{name}/{place}{query}", data)
        base = BASES[self.number % len(BASES)]
        self.end(server, must(server, "POST", "/v1/models", {"name": "base", **base}))
        answer = must(server, "POST", "/v1/models", {"name": "long", **self.model})
        if "kind" in answer:
            self.end(server, answer)
        must(server, "POST", "/v1/models", {"name": "copy", **{key: value for key, value in base.items() if key != "training"}})
        must(server, "PUT", "/v1/models/copy/weights", server.ask("GET", "/v1/models/base/weights").body)
        edited = self.end(server, must(server, "POST", "/v1/jobs", {"kind": "remove", "model": "base", "class": 2,
                                                                    "scales": [1]}))
        self.end(server, must(server, "POST", "/v1/jobs",
                              {"kind": "remove", "model": "base", "checkpoint": edited["result"]["checkpoint"],
                               "indices": [0, 3, 7], "solver": {"name": "lsmr", "iterations": 5}} ))
        self.end(server, must(server, "POST", "/v1/jobs", {"kind": "influence", "model": "base", "damping": 0.1,
                                                           "require_convergence": False}))
        failed = self.end(server, must(server, "POST", "/v1/jobs", {"kind": "influence", "model": "base",
                                                                    "require_convergence": True,
                                                                    "solver": {"name": "cg", "iterations": 1,
                                                                        "tolerance": 1e-12}}))
        if failed["state"] != "failed":
            raise Trouble(f"{self.title}: a job that must fail {failed['state']}")
        running = must(server, "POST", "/v1/jobs", {"kind": "train", "model": "base", "epochs": 1_000_000})["id"]
        behind = must(server, "POST", "/v1/jobs", {"kind": "train", "model": "base"})["id"]
        for job in (behind, running):
            must(server, "POST", f"/v1/jobs/{job}/cancel")
            server.ended(job)

    def end(self, server, job):
        return server.ended(job["id"]).json

    def post(self, server):
        """The long job and the one that waits behind it."""
        interrupted = must(server, "POST", "/v1/jobs", self.job)
        edited = next(item for item in must(server, "GET", "/v1/models/base/checkpoints")["items"] if item["kind"] == "edited")
        waiting = dict(WAITING[self.number % len(WAITING)])
        return {"interrupted": interrupted,
                "waiting": must(server, "POST", "/v1/jobs", {"model": "base", "checkpoint": edited["id"], **waiting})}

    def interrupt(self, server, job):
        """Kills the server while the job runs, if possible after it has saved a state; whether it has."""
        start, saved = time.monotonic(), False
        longest = 1.5 if self.number in SAVING_NOTHING else 30
        while time.monotonic() - start < longest and not saved:
            state = must(server, "GET", f"/v1/jobs/{job}")
            if state["state"] not in ("queued", "running"):
                raise Trouble(f"{self.title}: the job {state['state']} before it could be interrupted: {state['error'] or time.monotonic() - start}")
            if state["state"] == "running" and time.monotonic() - start > 0.5:
                with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True, timeout=30)) as connection:
                    saved = connection.execute("SELECT count(*) FROM job_stage WHERE job = ?", (job,)).fetchone()[0] > 0
            time.sleep(0.02)
        server.kill()
        return saved

    # MARK: What a server says of it

    def reads(self, server):
        """Path and answer of every GET about what is there and does not move. Nothing is left out: the ids and times are stored."""
        found = Recording()

        def read(path):
            answer = server.ask("GET", path)
            found.entries[path] = {"request": f"GET {path}", "status": answer.status, "bytes": answer.body,
                                   "fields": {key.lower(): value for key, value in answer.fields if key != "Date"}}
            return answer

        for job in must(server, "GET", "/v1/jobs?limit=500")["items"]:
            if job["state"] in ("queued", "running"):
                continue
            job = read(f"/v1/jobs/{job['id']}").json
            path = f"/v1/jobs/{job['id']}"
            read(path + "/events")
            read(path + "/result")
            for artifact in (job["result"] or {}).get("artifacts", []):
                read(f"{path}/artifacts/{artifact['name']}")
        for name in ("base", "copy"):
            read(f"/v1/models/{name}")
            for checkpoint in read(f"/v1/models/{name}/checkpoints").json["items"]:
                read(f"/v1/checkpoints/{checkpoint['id']}")
                read(f"/v1/checkpoints/{checkpoint['id']}/weights")
        for name in SETS:
            read(f"/v1/datasets/{name}")
            read(f"/v1/datasets/{name}/train/3")
        read("/v1/datasets")
        return found

    def ends(self, server, posted):
        """How both jobs end, and those that come after; ids by stand-ins, times left out."""
        found = Recording()

        def note(name, answer):
            job = answer.json
            text = without_passing(json.dumps([job["state"], job["error"], job["result"]], ensure_ascii=False,
                                              separators=(",", ":")))
            found.entries[name] = {"request": f"the job {name}", "status": 200, "fields": {},
                                   "text": found.names.replace(text, name)}
            result = job["result"] or {}
            for artifact in result.get("artifacts", []):
                found.add(f"{name}: {artifact['name']}", server.ask("GET", f"/v1/jobs/{job['id']}/artifacts/{artifact['name']}"))
            checkpoint = result.get("checkpoint")
            if checkpoint and checkpoint != job["request"].get("checkpoint"):
                found.add(f"{name}: checkpoint", server.ask("GET", f"/v1/checkpoints/{checkpoint}"))
                found.add(f"{name}: weights", server.ask("GET", f"/v1/checkpoints/{checkpoint}/weights"))

        for name, job in posted.items():
            # A job that was stored before has the same stand-in on every server.
            found.names.replace(job["id"], name)
            note(name, server.ended(job["id"]))
        for place, body in enumerate(AFTER):
            answer = server.ask("POST", "/v1/jobs", {"model": "base", "checkpoint": posted["waiting"]["request"]["checkpoint"],
                                                     **body})
            name = f"after {place + 1}, {body['kind']}"
            found.add(f"{name}: answer", answer)
            if answer.status == 202:
                note(name, server.ended(answer.json["id"]))
        return found

    # MARK: Opened by the new binary

    def check(self, program, folder):
        """Differences: request, pointer, before, after."""
        os.makedirs(folder)
        with open(self.known, "rb") as file:
            known = pickle.load(file)
        copied = os.path.join(folder, "opened.sqlite")
        copy(self.path, copied)
        server = Server(program, copied)
        server.start()
        try:
            yield from difference.recordings(known["reads"], self.reads(server))
            for name, job in known["posted"].items():
                found = must(server, "GET", f"/v1/jobs/{job['id']}")
                for member in ("id", "kind", "priority", "created_at", "request", "estimate", "links"):
                    for place, before, after in difference.values(job[member], found[member], f"/{member}"):
                        yield f"the job {name}", place, before, after
            ends = self.ends(server, known["posted"])
            attempt = must(server, "GET", f"/v1/jobs/{known['posted']['interrupted']['id']}")["attempt"]
            if attempt != 2:
                yield "the job interrupted", "/attempt", "2", str(attempt)
            yield from difference.recordings(known["ends"], ends)
            server.stop()
            with contextlib.closing(sqlite3.connect(copied)) as connection:
                faults = [row[0] for row in connection.execute("PRAGMA integrity_check")] + [str(row) for row in connection.execute("PRAGMA foreign_key_check")]
            if faults != ["ok"]:
                yield "the file", "integrity check", "ok", "; ".join(faults[:5])
        finally:
            if server.process.poll() is None:
                server.kill()


def must(server, method, path, body=None):
    answer = server.ask(method, path, body)
    if answer.status >= 400:
        raise Trouble(f"{server.program}: {method} {path} {json.dumps(body)[:300] if not isinstance(body, bytes) else ''} was answered with {answer.status}: {answer.body.decode(errors='replace')[:400]}")
    return json.loads(answer.body) if answer.body else None


def copy(database, to):
    for suffix in ("", "-wal"):
        if os.path.exists(database + suffix):
            shutil.copy(database + suffix, to + suffix)


def compare(old, new, folder, work):
    """Makes the databases that are not there, opens a copy of each, prints what differs: how many differences."""
    os.makedirs(folder, exist_ok=True)
    databases = [Database(number, folder) for number in range(1, len(DATABASES) + 1)]
    missing = [database for database in databases if not database.is_there]
    start, count = time.monotonic(), 0

    def make(database):
        try:
            saved = database.make(old, os.path.join(work, f"made {database.number}"))
            return f"  {database.title} made; the interrupted job had {'saved a state' if saved else 'saved nothing yet'}"
        except Trouble as trouble:
            return f"{trouble}"

    def check(database):
        if not database.is_there:
            return [("the file", "", "to be made", "was not made")]
        try:
            return list(database.check(new, os.path.join(work, f"opened {database.number}")))
        except Trouble as trouble:
            return [("the server", "", "answers", str(trouble))]

    # Two at a time: interrupted jobs are no shorter on a busy machine.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for words in pool.map(make, missing):
            print(words, flush=True)
        if missing:
            print(f"  {len(missing)} databases made in {time.monotonic() - start:.0f} s", flush=True)
        start = time.monotonic()
        for database, found in zip(databases, pool.map(check, databases)):
            for name, pointer, before, after in found[:20]:
                print(f"{database.title}: {name}\n  {pointer or '(the whole)'}\n    before  {before}\n    after   {after}",
                      flush=True)
            count += len(found)
    print(f"{len(databases)} databases opened in {time.monotonic() - start:.0f} s: {count} differences.")
    return count
