"""Measures the defaults of influence at a running service: check_defaults.py URL [NAME…]. See scripts/check-defaults."""

import sys
import time

import numpy

from service_client import Client, Failure

# The README's, and those of models that say nothing.
DIGITS = {"learning_rate": 0.05, "epochs": 30, "batch_size": 64, "validation": 0.2}
# Of the published linear datamodeling scores on MNIST (dattri 0.3).
LOGISTIC = {"optimizer": "sgd", "momentum": 0, "learning_rate": 0.01, "schedule": "constant", "epochs": 20}
PERCEPTRON = {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.01, "schedule": "constant", "epochs": 50}
LISTED = 10


class Bench:
    """A service, and what was made there."""

    def __init__(self, url):
        self.client = Client(url)
        self.made = []
        self.good = True

    def dataset(self, name, source):
        name = f"defaults-{name}"
        if f"/v1/datasets/{name}" not in self.made:
            self.client.json("POST", "/v1/datasets", {"name": name, "source": source})
            self.made.append(f"/v1/datasets/{name}")
        return name

    def mnist(self, train=None, test=None):
        whole = self.dataset("mnist", {"format": "idx", "path": "mnist"})
        if train is None:
            return whole
        return self.dataset(
            f"mnist-{train}", {"format": "derived", "of": whole, "take": {"train": train, "test": test, "seed": 0}}
        )

    def model(self, name, dataset, architecture, training, **members):
        name = f"defaults-{name}"
        if f"/v1/models/{name}" in self.made:
            return name
        body = {"name": name, "dataset": dataset, "architecture": architecture, "training": training, **members}
        job = self.client.json("POST", "/v1/models", body)
        self.made.append(f"/v1/models/{name}")
        self.client.finish(job)
        return name

    def job(self, kind, model, **members):
        """A finished job, and the seconds that it ran."""
        start = time.monotonic()
        job = self.client.finish(self.client.json("POST", "/v1/jobs", {"kind": kind, "model": model, **members}))
        return job, job["result"]["seconds"].get("total", time.monotonic() - start)

    def array(self, job, name):
        return self.client.array(f"/v1/jobs/{job['id']}/artifacts/{name}").astype(float)

    def row(self, *cells):
        print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)

    def aim(self, met):
        self.good &= bool(met)
        return "" if met else "**missed**"

    def clean(self):
        # Models before the data sets that they are of, derived sets before theirs.
        for path in reversed(self.made):
            try:
                self.client.call("DELETE", path)
            except Failure as failure:
                print(f"  left behind: {failure}", file=sys.stderr)


def ranks(values):
    order = numpy.argsort(values, kind="stable")
    result = numpy.empty(len(values))
    result[order] = numpy.arange(len(values))
    return result


def spearman(x, y):
    return numpy.corrcoef(ranks(x), ranks(y))[0, 1]


# MARK: Against retraining


def validated(bench, title, model):
    """The 40 samples of the largest scores for the test point of the highest loss, by nothing but defaults."""
    job, seconds = bench.job("validate", model)
    result = job["result"]
    test = result["tests"][0]
    estimated = numpy.array([pair["estimated"] for pair in test["pairs"]])
    retrained = numpy.array([pair["retrained"] for pair in test["pairs"]])
    large = abs(retrained) > 0.1 * abs(retrained).max()
    signs = numpy.mean(numpy.sign(estimated[large]) == numpy.sign(retrained[large]))
    slope = (estimated @ retrained) / (estimated @ estimated)
    damping = result["curvature"]["damping"]
    bench.row(
        title, f"{test['pearson']:.3f}", f"{test['spearman']:.3f}", f"{100 * signs:.0f} % of {large.sum()}", f"{slope:.2f}",
        f"{damping['value']:.3g} ({damping['rule']})", result["retraining"]["steps"], f"{seconds:.0f}",
        bench.aim(test["pearson"] >= 0.8 and signs >= 0.95),
    )


VALIDATED = "model, top 40 of the highest-loss test point | Pearson | Spearman | sign right, of effects over a tenth of the largest " \
    "| retrained/estimated | damping | steps | seconds | 0.8, 95 %"


def digits(bench):
    data = bench.dataset("digits", {"format": "builtin", "name": "digits"})
    validated(bench, "digits `mlp`", bench.model("digits", data, "mlp", DIGITS, weight_decay=0.0005))


def lenet(bench):
    validated(bench, "MNIST 6,000 `lenet`", bench.model("lenet", bench.mnist(6000, 1000), "lenet", {}))


def cnn(bench):
    validated(bench, "MNIST 6,000 `cnn`", bench.model("cnn", bench.mnist(6000, 1000), "cnn", {}))


# MARK: Linear datamodeling score


def datamodeling(bench, title, model, aim, published):
    job, seconds = bench.job(
        "validate", model, test={"indices": list(range(500))}, groups={"count": 50, "fraction": 0.5}, newton=False,
        **{"from": "scratch"},
    )
    result = job["result"]
    score = result["groups"]["score"]["first_order"]
    damping = result["curvature"]["damping"]
    bench.row(
        title, f"{score:.3f}", published, f"{damping['value']:.3g} ({damping['rule']})", f"{seconds:.0f}", bench.aim(score >= aim)
    )


DATAMODELING = "model, 50 halves of 5,000, 500 test pictures | LDS | published | damping | seconds | aim"


def logistic(bench):
    training = {**LOGISTIC, "batch_size": 64, "validation": 0}
    model = bench.model("logistic", bench.mnist(5000, 500), "logistic", training)
    datamodeling(bench, "logistic regression", model, 0.90, "0.77–0.80")


def mlp(bench):
    training = {**PERCEPTRON, "batch_size": 64, "validation": 0}
    model = bench.model("mlp", bench.mnist(5000, 500), {"name": "mlp", "hidden": [128, 64]}, training)
    datamodeling(bench, "MLP 784-128-64-10", model, 0.30, "0.26")


# MARK: Tolerance and samples


def compared(scores, reference):
    """The fewest of either list of ten that stay, the smallest Spearman coefficient, the largest relative change among the 20
    largest scores."""
    kept, correlation, change = LISTED, 1.0, 0.0
    for own, other in zip(scores, reference):
        for sign in (1, -1):
            kept = min(kept, len(set(numpy.argsort(sign * own)[:LISTED]) & set(numpy.argsort(sign * other)[:LISTED])))
        correlation = min(correlation, spearman(own, other))
        largest = numpy.argsort(-abs(other))[: 2 * LISTED]
        change = max(change, abs(own[largest] / other[largest] - 1).max())
    return kept, f"{correlation:.5f}", f"{change:.1e}"


def subjects(bench):
    yield "digits `mlp`", bench.model(
        "digits", bench.dataset("digits", {"format": "builtin", "name": "digits"}), "mlp", DIGITS, weight_decay=0.0005
    )
    yield "MNIST 6,000 `lenet`", bench.model("lenet", bench.mnist(6000, 1000), "lenet", {})


TOLERANCE = "model | tolerance | of each list of ten | Spearman | 20 largest scores within | steps"


def tolerance(bench):
    for title, model in subjects(bench):
        points = {"pick": "highest_loss", "count": 3}
        reference = bench.array(
            bench.job("influence", model, test=points, solver={"name": "cg", "tolerance": 1e-6}, require_convergence=False)[0],
            "scores.npy",
        )
        for value in (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 1e-4):
            job, _ = bench.job("influence", model, test=points, solver={"name": "cg", "tolerance": value}, require_convergence=False)
            steps = max(test["solver"]["iterations"] for test in job["result"]["tests"])
            bench.row(title, f"{value:.0e}", *compared(bench.array(job, "scores.npy"), reference), steps)


SAMPLES = "model | curvature samples | of each list of ten | Spearman | 20 largest scores within | two draws: of ten | Spearman | seconds"


def samples(bench):
    title, model = list(subjects(bench))[-1]
    points = {"pick": "highest_loss", "count": 2}
    reference = bench.array(bench.job("influence", model, test=points, hessian_samples="all")[0], "scores.npy")
    for count in (256, 512, 1024, 2048, 4096):
        draws = [bench.job("influence", model, test=points, hessian_samples=count, seed=seed) for seed in (0, 1)]
        first, second = (bench.array(job, "scores.npy") for job, _ in draws)
        between = compared(second, first)
        bench.row(title, count, *compared(first, reference), between[0], between[1], f"{draws[0][1]:.1f}")


# MARK: Speed


SPEED = "model, one test picture over 54,000 | seconds | solve | scores | steps | damping | limit"


def speed(bench):
    for name, limit in (("lenet", 15), ("cnn", 30)):
        model = bench.model(f"{name}-54000", bench.mnist(), name, {})
        job, seconds = bench.job("influence", model)
        result = job["result"]
        bench.row(
            f"`{name}`", f"{seconds:.1f}", f"{result['seconds']['solve']:.1f}", f"{result['seconds']['score']:.1f}",
            result["tests"][0]["solver"]["iterations"], f"{result['curvature']['damping']['value']:.3g}",
            f"{limit} {bench.aim(seconds <= limit)}",
        )


# MARK: Mislabeled


MISLABELED = "data, 10 % flipped | model | method | area | found in the first 10 % | suggestion right, of the flips found | seconds"


def mislabeled(bench):
    digits = bench.dataset("digits", {"format": "builtin", "name": "digits"})
    sets = [("digits", digits), ("MNIST 6,000", bench.mnist(6000, 1000))]
    for title, base in sets:
        flipped = bench.dataset(
            f"flipped-{len(title)}", {"format": "derived", "of": base, "relabel": {"fraction": 0.1, "seed": 0}}
        )
        for name, architecture, training, decay in (
            ("logistic", "logistic", {"optimizer": "lbfgs", "validation": 0}, 0.01), ("mlp", "mlp", {"epochs": 20}, 0.0005),
            ("lenet", "lenet", {}, 0),
        ):
            if architecture == "lenet" and title == "digits":
                continue
            model = bench.model(f"flipped-{len(title)}-{name}", flipped, architecture, training, weight_decay=decay)
            for method in ("loss", "self_influence", "random"):
                job, seconds = bench.job("mislabeled", model, method=method, fix_at=[], top=10_000)
                result = job["result"]
                found = next(row["found"] for row in result["curve"] if row["inspected"] >= 0.0999)
                tenth = result["suspects"][: len(bench.array(job, "order.npy")) // 10]
                flips = [row for row in tenth if "true_label" in row]
                right = sum(row["suggested"] == row["true_label"] for row in flips) / max(1, len(flips))
                bench.row(title, name, method, f"{result['area']:.4f}", f"{100 * found:.1f} %", f"{100 * right:.0f} %", f"{seconds:.2f}")


CASES = {
    "digits": (VALIDATED, digits), "lenet": (VALIDATED, lenet), "cnn": (VALIDATED, cnn),
    "logistic": (DATAMODELING, logistic), "mlp": (DATAMODELING, mlp), "tolerance": (TOLERANCE, tolerance),
    "samples": (SAMPLES, samples), "speed": (SPEED, speed), "mislabeled": (MISLABELED, mislabeled),
}


def main(arguments):
    url, names = arguments[0], arguments[1:] or list(CASES)
    unknown = [name for name in names if name not in CASES]
    if unknown:
        print(f"unknown name {unknown[0]}: {', '.join(CASES)}", file=sys.stderr)
        return 2
    bench = Bench(url)
    last = None
    try:
        for name in names:
            head, measure = CASES[name]
            if head != last:
                print()
                bench.row(head)
                print("|" + "---|" * (head.count("|") + 1))
                last = head
            try:
                measure(bench)
            except (Failure, KeyError) as error:
                print(f"  {name}: {error}", file=sys.stderr)
                bench.good = False
    finally:
        bench.clean()
    return 0 if bench.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
