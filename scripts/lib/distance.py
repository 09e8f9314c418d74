"""Compares influence with distance.

Three commands, which scripts/experiments/distance calls:

  distance.py pictures FOLDER URL DATASET TEST…   reads the pictures; keeps labels and nearness
  distance.py candidates FOLDER TEST…             prints a line for each test picture: its index, and the pictures to leave out
  distance.py compare FOLDER TEST…                prints a table, writes distance.json
"""

import array
import json
import math
import pathlib
import random
import sys
from concurrent.futures import ThreadPoolExecutor

from arrays import mean_and_deviation, npy, pearson, read_npy, rows, spearman
from service_client import Client

MEASURES = {
    "influence": "influence",
    "loss": "without training loss",
    "hessian": "without Hessian",
    "both": "scaled inner product",
    "distance": "nearness, signed",
}
EACH, RANDOM = 6, 20
# The damping that stands for the identity in the script: scores are divided by it.
HUGE = 1e9


def pictures(folder, url, dataset, *tests):
    client = Client(url)
    count = client.json("GET", f"/v1/datasets/{dataset}")["splits"]["train"]["count"]

    def sample(path):
        answer = client.json("GET", f"/v1/datasets/{dataset}/{path}")
        return answer["label"], array.array("d", answer["values"])

    with ThreadPoolExecutor(16) as pool:
        train = list(pool.map(lambda index: sample(f"train/{index}"), range(count)))
    nearness = array.array("d")
    for test in tests:
        label, values = sample(f"test/{test}")
        # Falls with distance; positive for pictures of the same class, as their influence is as a rule.
        nearness.extend(
            (1 if own == label else -1) / (1 + math.dist(values, other)) for own, other in train
        )
    (folder / "distance-labels.npy").write_bytes(npy(array.array("q", [label for label, _ in train]), [count]))
    (folder / "distance-nearness.npy").write_bytes(npy(nearness, [len(tests), count]))


def measures(folder):
    """For every test picture: each measure's value for every training picture."""
    # 1 − the probability of the right class, the factor that the training loss has in its gradient.
    factors = [-math.expm1(-loss) for loss in read_npy(folder / "distance-losses.npy")[1]]
    result = []
    for influence, identity, nearness in zip(
        rows(folder / "distance-scores.npy"), rows(folder / "distance-scores-identity.npy"), rows(folder / "distance-nearness.npy")
    ):
        result.append(
            {
                "influence": list(influence),
                "loss": [value / factor for value, factor in zip(influence, factors)],
                "hessian": [HUGE * value for value in identity],
                "both": [HUGE * value / factor for value, factor in zip(identity, factors)],
                "distance": list(nearness),
            }
        )
    return result


def first(values, count):
    return sorted(range(len(values)), key=lambda index: -abs(values[index]))[:count]


def candidates(folder, *tests):
    for test, own in zip(tests, measures(folder)):
        stream = random.Random(int(test))
        chosen = set(stream.sample(range(len(own["influence"])), RANDOM))
        for values in own.values():
            chosen.update(first(values, EACH))
        print(test, ", ".join(map(str, sorted(chosen))))


def compare(folder, *tests):
    labels = read_npy(folder / "distance-labels.npy")[1]
    table = {name: [] for name in MEASURES}
    picture = []
    for test, own in zip(tests, measures(folder)):
        answer = json.loads((folder / f"distance-retrained-{test}.json").read_text())["result"]["tests"][0]
        indices = [pair["train"] for pair in answer["pairs"]]
        retrained = [pair["retrained"] for pair in answer["pairs"]]
        truly = set(sorted(range(len(indices)), key=lambda place: -abs(retrained[place]))[:EACH])
        for name, values in own.items():
            chosen = [values[index] for index in indices]
            found = len(truly & set(first(chosen, EACH)))
            table[name].append((pearson(chosen, retrained), spearman(chosen, retrained), found / EACH))
        # Points for the picture: the strongest by either of the two, and some of the rest.
        stream = random.Random(0)
        for name in ("loss", "hessian", "both"):
            shown = set(first(own["influence"], 30)) | set(first(own[name], 30)) | set(stream.sample(range(len(labels)), 30))
            picture.append(
                {
                    "test": int(test),
                    "measure": name,
                    "influence": [own["influence"][index] for index in sorted(shown)],
                    "value": [own[name][index] for index in sorted(shown)],
                    "same": [labels[index] == answer["label"] for index in sorted(shown)],
                }
            )
        for name in MEASURES:
            picture.append(
                {
                    "test": int(test),
                    "measure": name,
                    "retrained": retrained,
                    "value": [own[name][index] for index in indices],
                    "same": [labels[index] == answer["label"] for index in indices],
                }
            )
        print(f"  test picture {test}: loss {answer['loss']:.4g}, {len(indices)} left out, Pearson of the change {answer['pearson']:.4f}")
    (folder / "distance.json").write_text(json.dumps({"measures": MEASURES, "panels": picture}))
    print(f"  {'':26}{'Pearson':>16}{'Spearman':>16}{'truly first found':>20}")
    for name, title in MEASURES.items():
        print(f"  {title:26}" + "".join(f"{mean_and_deviation(list(column)):>{width}}" for column, width in zip(zip(*table[name]), (16, 16, 20))))


if __name__ == "__main__":
    {"pictures": pictures, "candidates": candidates, "compare": compare}[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:])
