"""One binary asked for everything: its recording."""

import json
import os
import subprocess
import time

from compare import faults, jobs, resource_faults, subjects
from compare.recorder import Answer, Recording, Server

LISTS = ["/v1", "/openapi.json", "/v1/datasets", "/v1/models", "/v1/jobs?limit=500", "/v1/jobs?kind=remove&state=failed",
         "/v1/jobs?model=mlp&limit=3", "/healthz", "/readyz"]


class Session:
    def __init__(self, program, folder, tell=print):
        self.program, self.folder, self.tell = program, folder, tell
        self.recording = Recording()
        self.jobs = {}  # id by name
        self.made = {}  # checkpoint by name of its job
        self.troubles = []
        self.seconds = {}
        data = os.path.join(folder, "data")
        os.makedirs(data, exist_ok=True)
        subjects.write_files(data)
        self.server = Server(program, os.path.join(folder, "asked.sqlite"), data)

    # MARK: One request

    def ask(self, name, method, path, body=None, fields=None, status=None):
        """Asks and records. A list whose request has another status than it says is no proof of anything."""
        answer = self.server.ask(method, path, body, fields)
        self.recording.add(name, answer,
                           f"{method} {path}" + (f" {json.dumps(body, ensure_ascii=False)[:2000]}" if isinstance(body,
                               (dict, list)) else ""))
        if status and answer.status != status:
            self.troubles.append(f"{name}: answered with {answer.status}, and the list says {status}: {self.recording.entries[name].get('text', '')[:300]}")
        return answer

    def filled_in(self, value):
        """`#NAME` is the id of a job of the list, `@NAME` the checkpoint that the job made."""
        if isinstance(value, dict):
            return {name: self.filled_in(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.filled_in(member) for member in value]
        if isinstance(value, str) and value.startswith(("#", "@")):
            return (self.jobs if value[0] == "#" else self.made).get(value[1:], value)
        return value

    def path(self, text):
        """A path in which the names of jobs become ids."""
        return "/".join(self.filled_in(part) for part in text.split("/"))

    # MARK: Jobs

    def follow(self, name, job, state="succeeded"):
        """Records the end of a job with everything that it left."""
        start = time.monotonic()
        ended = self.server.ended(job)
        self.seconds[name] = time.monotonic() - start
        self.recording.add(f"{name}: the job", ended, f"GET /v1/jobs/{job}")
        value = ended.json
        if value["state"] != state:
            self.troubles.append(f"{name}: the job {value['state']}, and the list says {state}: {json.dumps(value['error'], ensure_ascii=False)}")
        self.jobs[name] = job
        self.ask(f"{name}: events", "GET", f"/v1/jobs/{job}/events")
        self.ask(f"{name}: result", "GET", f"/v1/jobs/{job}/result")
        result = value["result"]
        if not isinstance(result, dict):
            return
        for artifact in result.get("artifacts", []):
            self.ask(f"{name}: {artifact['name']}", "GET", f"/v1/jobs/{job}/artifacts/{artifact['name']}", status=200)
        checkpoint = result.get("checkpoint")
        if isinstance(checkpoint, str) and checkpoint != value["request"].get("checkpoint"):
            self.made[name] = checkpoint
            self.ask(f"{name}: checkpoint", "GET", f"/v1/checkpoints/{checkpoint}", status=200)
            self.ask(f"{name}: weights", "GET", f"/v1/checkpoints/{checkpoint}/weights", status=200)

    def post(self, name, body, state="succeeded"):
        answer = self.ask(f"{name}: answer", "POST", "/v1/jobs", self.filled_in(body), status=202)
        if answer.status == 202:
            self.follow(name, answer.json["id"], state)

    # MARK: Everything

    def run(self):
        start = time.monotonic()
        self.commands()
        self.server.start()
        try:
            for part in (self.datasets, self.models, self.run_jobs, self.uploaded_weights, self.repeated, self.cancelled,
                         self.wrong, self.lists):
                part()
        finally:
            self.server.kill() if self.server.process.poll() is None else None
        self.tell(f"  {self.program}: {len(self.recording.entries)} answers in {time.monotonic() - start:.0f} s")
        return self.recording

    def commands(self):
        """Records the help text and the answers to wrong arguments."""
        for arguments in resource_faults.COMMANDS:
            done = subprocess.run([self.program, *arguments], capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
                                  cwd=self.folder,
                                  env={name: value for name, value in os.environ.items() if not name.startswith("INFLUENCED_")})
            words = done.stdout + done.stderr
            first, _, rest = words.partition(b"\n")
            # The version is the last word before the colon.
            words = first.replace(b" 0.1.0:", b" VERSION:") + b"\n" + rest
            self.recording.add(f"command {' '.join(arguments)}", Answer(done.returncode, [("content-type", "text/plain")], words))

    def datasets(self):
        for name, source in subjects.DATASETS.items():
            self.ask(f"data set {name}: answer", "POST", "/v1/datasets", {"name": name, "source": source}, status=201)
            for place, query, data in subjects.uploads().get(name, []):
                self.ask(f"data set {name}: put {place}", "PUT", f"/v1/datasets/{name}/{place}{query}", data)
            self.ask(f"data set {name}", "GET", f"/v1/datasets/{name}", status=200)
            if name != "empty":
                self.ask(f"data set {name}: sample", "GET", f"/v1/datasets/{name}/train/5", status=200)
                self.ask(f"data set {name}: sample as text", "GET", f"/v1/datasets/{name}/train/1",
                         fields={"Accept": "text/plain"}, status=200)
                self.ask(f"data set {name}: test sample", "GET", f"/v1/datasets/{name}/test/0")
                self.ask(f"data set {name}: picture", "GET", f"/v1/datasets/{name}/train/2", fields={"Accept": "image/png"})

    def models(self):
        for name, body in subjects.MODELS.items():
            trains = "training" in body
            answer = self.ask(f"model {name}: answer", "POST", "/v1/models", {"name": name, **body},
                              status=202 if trains else 201)
            if trains and answer.status == 202:
                self.follow(f"model {name}", answer.json["id"])
            self.ask(f"model {name}", "GET", f"/v1/models/{name}", status=200)
            self.ask(f"model {name}: its weights", "GET", f"/v1/models/{name}/weights", status=200)

    def run_jobs(self):
        for name, body, state in jobs.rows():
            self.post(name, body, state)

    def uploaded_weights(self):
        """Weights of one model put to another of the same architecture, and a job on them."""
        weights = self.server.ask("GET", "/v1/models/mlp/weights").body
        for turn in ("first", "again"):
            self.ask(f"upload weights {turn}", "PUT", "/v1/models/first/weights", weights)
        self.post("remove from uploaded weights", jobs.remove("first", **{"class": 2}))
        self.post("retrain without a recipe", {"kind": "retrain", "model": "plain", "class": 1, "name": "plain-again",
                                               "training": {"epochs": 1, "batch_size": 30}})

    def repeated(self):
        """A request that comes twice under one key is answered by what the first made."""
        body = {"kind": "evaluate", "model": "exact"}
        first = self.ask("with a key", "POST", "/v1/jobs", body, {"Idempotency-Key": "one"}, 202)
        self.follow("with a key", first.json["id"])
        self.ask("with a key again", "POST", "/v1/jobs", body, {"Idempotency-Key": "one"})
        self.ask("with a key, another body", "POST", "/v1/jobs", {**body, "split": "train"}, {"Idempotency-Key": "one"}, 422)

    def cancelled(self):
        """One job runs for long while another waits behind it; both are cancelled."""
        long = self.ask("long job", "POST", "/v1/jobs", {"kind": "train", "model": "first", "epochs": 1_000_000},
                        status=202).json["id"]
        while self.server.ask("GET", f"/v1/jobs/{long}").json["state"] == "queued":
            time.sleep(0.01)
        self.ask("job in use: delete", "DELETE", f"/v1/jobs/{long}", status=409)
        self.ask("job that runs: result", "GET", f"/v1/jobs/{long}/result", status=409)
        waiting = self.ask("waiting job", "POST", "/v1/jobs", {"kind": "train", "model": "first", "epochs": 2},
                           status=202).json["id"]
        self.ask("waiting job: cancel", "POST", f"/v1/jobs/{waiting}/cancel", status=202)
        self.server.ask("POST", f"/v1/jobs/{long}/cancel")
        ended = self.server.ended(long).json
        if ended["state"] != "cancelled":
            self.troubles.append(f"the cancelled job {ended['state']}")
        self.ask("cancelled job", "GET", f"/v1/jobs/{waiting}", status=200)
        self.ask("cancelled job: result", "GET", f"/v1/jobs/{waiting}/result", status=409)
        # How far the long one came, depends on the clock.
        for job in (waiting, long):
            self.ask(f"cancelled job {job == long}: delete", "DELETE", f"/v1/jobs/{job}", status=204)

    def wrong(self):
        counts = {}
        def numbered(title):
            counts[title] = counts.get(title, 0) + 1
            return title if counts[title] == 1 else f"{title} ({counts[title]})"
        untrained = {"name": "untrained", "dataset": "few", "architecture": {"name": "mlp", "hidden": [4]},
                     "training": {"epochs": 1_000_000}}
        job = self.ask("model that is being trained", "POST", "/v1/models", untrained, status=202).json["id"]
        self.ask("job on a model that is being trained", "POST", "/v1/jobs", {"kind": "evaluate", "model": "untrained"},
                 status=422)
        for path, body, status in faults.bodies():
            answer = self.ask(numbered("wrong: " + faults.title(path, body)), "POST", path,
                              json.dumps(self.filled_in(body)).encode(), {"Content-Type": "application/json"}, status)
            if answer.status < 300 and path != "/v1/jobs":
                # Otherwise the next wrong body would get the answer that the name is taken.
                self.server.ask("DELETE", f"{path}/{body['name']}")
        for method, path, body, fields in resource_faults.others():
            words = "" if body is None else f" {body[:60]!r}"
            self.ask(numbered(f"wrong: {method} {path}{words} {fields or ''}"), method, self.path(path), body, fields)
        self.server.ask("POST", f"/v1/jobs/{job}/cancel")
        self.server.ended(job)
        for path in (f"/v1/jobs/{job}", "/v1/models/untrained"):
            self.server.ask("DELETE", path)

    def lists(self):
        for path in LISTS:
            self.ask(f"list {path}", "GET", path, status=200)
            if path.startswith("/v1"):
                self.ask(f"list {path} as text", "GET", path, fields={"Accept": "text/plain"}, status=200)
        for model in self.server.ask("GET", "/v1/models?limit=500").json["items"]:
            name = model["name"]
            self.ask(f"list of checkpoints of {name}", "GET", f"/v1/models/{name}/checkpoints?limit=500", status=200)
            self.ask(f"model {name} at the end", "GET", f"/v1/models/{name}", status=200)
        for path in ("/v1/models/mlp", "/v1/datasets/few", "/v1/models/mlp/checkpoints", "/v1/jobs/#remove/result",
                     "/v1/jobs/#compare/result", "/v1/jobs/#influence", "/v1/checkpoints/@remove twice"):
            self.ask(f"as text {path}", "GET", self.path(path), fields={"Accept": "text/plain"}, status=200)
        self.deletions()

    def deletions(self):
        for path, status in (("/v1/datasets/few", 409), ("/v1/models/small", 204), ("/v1/models/vgg", 204),
                             ("/v1/datasets/cifar", 409), ("/v1/datasets/three", 409), ("/v1/datasets/together", 204),
                             ("/v1/checkpoints/@remove", None), ("/v1/checkpoints/@recover", 204), ("/v1/jobs/#spectrum", 204)):
            self.ask(f"delete {path}", "DELETE", self.path(path), status=status)
        self.ask("model after deletions", "GET", "/v1/models/marked", status=200)
        self.ask("job of a deleted model", "GET", self.path("/v1/jobs/#model small"))

    def uncovered(self):
        """Members of `GET /v1` and of its lists that no request of the list asks for."""
        can = json.loads(self.recording.entries["list /v1"]["text"])["capabilities"]
        asked = json.dumps([subjects.DATASETS, subjects.MODELS, list(jobs.rows())])
        names = [*can["layers"], *can["precisions"], *can["losses"], *can["dataset_formats"], *can["estimators"],
                 *can["selections"], *can["architectures"],
                 *(kind["kind"] for kind in can["job_kinds"]), *(solver["name"] for solver in can["solvers"]),
                 *(recipe["optimizer"] for recipe in can["optimizers"])]
        # Like their smaller relatives, and large; check-pytorch has torchvision's networks.
        left_out = {"vgg13", "vgg16", "vgg19", "resnet50", "cross_entropy", "float32", "sgd", "vgg11_bn", "vgg13_bn", "vgg16_bn",
                    "vgg19_bn", "squeezenet1_1", "densenet121", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x1_0",
                    "efficientnet_b0", "convnext_tiny", "swin_t", "vit_b_16"}
        return [name for name in dict.fromkeys(names) if f'"{name}"' not in asked and name not in left_out]
