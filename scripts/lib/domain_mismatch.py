"""A training set in which one domain is nearly missing. See scripts/experiments/domain-mismatch.

domain_mismatch.py make FOLDER URL DATASET SEED   uploads two data sets; keeps the request for the groups
domain_mismatch.py compare FOLDER SEED…           prints a table, writes domain-mismatch.json
"""

import array
import json
import pathlib
import random
import sys
from concurrent.futures import ThreadPoolExecutor

from arrays import mean_and_deviation, npy, read_npy
from service_client import Client, Failure

# Of the domain: as many as in the published example, before and after most of the second class were taken out.
FIRST, SECOND, REMAINING = 3, 21, 1
TESTS = 200


def make(folder, url, source, seed):
    client = Client(url)
    about = client.json("GET", f"/v1/datasets/{source}")
    mean, deviation = about["normalization"]["mean"][0], about["normalization"]["standard_deviation"][0]

    def sample(split, index):
        answer = client.json("GET", f"/v1/datasets/{source}/{split}/{index}")
        return answer["label"], array.array("f", [value * deviation + mean for value in answer["values"]])

    with ThreadPoolExecutor(16) as pool:
        train, test = (
            list(pool.map(lambda index, split=split: sample(split, index), range(about["splits"][split]["count"])))
            for split in ("train", "test")
        )

    stream = random.Random(int(seed))
    first = stream.sample([index for index, (label, _) in enumerate(train) if label == 0], FIRST)
    second = stream.sample([index for index, (label, _) in enumerate(train) if label == 1], SECOND)
    inverted = set(first + second)
    missing = set(second[REMAINING:])
    samples = [(label, invert(values) if index in inverted else values) for index, (label, values) in enumerate(train)]
    # The test split is of the domain alone, and of the class that it has lost.
    tests = [(label, invert(values)) for label, values in test if label == 1][:TESTS]
    remaining = [index for index in range(len(train)) if index not in missing]
    for name, kept in (("whole", range(len(train))), ("mismatch", remaining)):
        upload(client, f"domain-{name}-{seed}", [samples[index] for index in kept], tests)

    place = {index: new for new, index in enumerate(remaining)}
    of_domain = {place[index] for index in inverted - missing}

    def group(name, label, is_domain):
        chosen = [new for new, index in enumerate(remaining) if samples[index][0] == label and (new in of_domain) == is_domain]
        return {"name": name, "indices": chosen}

    groups = [
        group("domain, other class", 0, True), group("domain, tests' class", 1, True),
        group("usual, other class", 0, False), group("usual, tests' class", 1, False),
    ]  # fmt: skip
    (folder / f"domain-groups-{seed}.json").write_text(json.dumps(groups))


def invert(values):
    return array.array("f", [1 - value for value in values])


def upload(client, name, train, test):
    try:
        if client.json("GET", f"/v1/datasets/{name}")["state"] == "ready":
            return
        # An upload that was broken off.
        client.call("DELETE", f"/v1/datasets/{name}")
    except Failure:
        pass
    for split, samples in (("train", train), ("test", test)):
        inputs = array.array("f")
        for _, values in samples:
            inputs.extend(values)
        for part, body in (
            ("inputs", npy(inputs, [len(samples), 1, 28, 28])),
            ("labels", npy(array.array("q", [label for label, _ in samples]), [len(samples)])),
        ):
            client.call("PUT", f"/v1/datasets/{name}/{split}/{part}", body, kind="application/octet-stream")


def compare(folder, *seeds):
    draws, columns = [], {}

    def note(name, value):
        columns.setdefault(name, []).append(value)

    for seed in seeds:
        whole = json.loads((folder / f"domain-whole-{seed}.json").read_text())["result"]
        before = json.loads((folder / f"domain-evaluated-{seed}.json").read_text())["result"]
        result = json.loads((folder / f"domain-mismatch-{seed}.json").read_text())["result"]
        groups = {group["name"]: group["indices"] for group in json.loads((folder / f"domain-groups-{seed}.json").read_text())}
        scores = read_npy(folder / f"domain-scores-{seed}.npy")[1]
        kinds = ["other"] * len(scores)
        for name, kind in (("domain, other class", "wrong"), ("domain, tests' class", "right")):
            for index in groups[name]:
                kinds[index] = kind
        order = sorted(range(len(scores)), key=lambda index: -abs(scores[index]))
        usual = max(abs(scores[index]) for index in order if kinds[index] == "other")
        own = sorted(abs(scores[index]) for index in order if kinds[index] != "other")
        note("misread, all of the domain there / %", 100 * (1 - whole["accuracy"]))
        note("misread, 20 taken out / %", 100 * (1 - before["accuracy"]))
        note("of the domain among the 4 most influential", sum(kinds[index] != "other" for index in order[:4]))
        note("weakest of the domain / strongest other", own[0] / usual)
        note("strongest of the domain / strongest other", own[-1] / usual)
        ranked = [group["name"] for group in result["groups"]]
        print(f"  draw {seed}, most harmful first: " + "; ".join(f"{group['name']} {group['mean']:.3g}" for group in result["groups"]))
        note("place of the guilty group", 1 + ranked.index("domain, other class"))
        shown = order[:40]
        draws.append({"seed": int(seed), "values": [scores[index] for index in shown], "kinds": [kinds[index] for index in shown]})
    (folder / "domain-mismatch.json").write_text(json.dumps({"draws": draws}))
    for name, values in columns.items():
        print(f"  {name:46}{mean_and_deviation(values):>18}")


if __name__ == "__main__":
    {"make": make, "compare": compare}[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:])
