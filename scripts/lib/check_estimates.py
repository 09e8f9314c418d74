"""Estimated and real seconds of jobs, side by side. See scripts/check-estimates."""

import sys

from service_client import Client, Failure

# Below this many seconds neither an estimate nor a time counts as wrong.
SHORT = 0.5
LARGEST_RATIO = 3.0

PICTURES = {"format": "synthetic", "name": "blobs", "shape": [1, 28, 28], "classes": 10, "samples": 6000,
            "test_samples": 1000, "spread": 4.0}
FLIPPED = {"relabel": {"fraction": 0.1}}
MARKED = {"poison": {"trigger": "patch", "size": 3, "fraction": 0.1, "label": 4}}
GN = {"hessian": "gauss_newton", "damping": 0.01}


def models(prefix):
    """Name, body of every model that the rows use."""
    train = {"epochs": 2, "batch_size": 64, "learning_rate": 0.01}
    return {
        "logistic": {"dataset": prefix + "pictures", "architecture": "logistic", "weight_decay": 0.01, "training": train},
        "convex": {"dataset": prefix + "pictures", "architecture": "logistic", "weight_decay": 0.01,
                   "training": {"optimizer": "lbfgs", "validation": 0.1}},
        "mlp": {"dataset": prefix + "pictures", "architecture": {"name": "mlp", "hidden": [32]}, "weight_decay": 0.001,
                "training": train},
        "lenet": {"dataset": prefix + "pictures", "architecture": "lenet", "weight_decay": 0.001, "training": train},
        "cnn": {"dataset": prefix + "pictures", "architecture": "cnn", "weight_decay": 0.001, "training": train},
        "flipped": {"dataset": prefix + "flipped", "architecture": {"name": "mlp", "hidden": [16]}, "weight_decay": 0.001,
                    "training": train},
        "marked": {"dataset": prefix + "marked", "architecture": "lenet", "weight_decay": 0.001, "training": train},
        "line": {"dataset": prefix + "points", "architecture": "linear", "loss": "mse", "precision": "float64",
                 "training": {"optimizer": "newton", "validation": 0}},
    }


def rows():
    """Name and body of every request that is measured. Trainings of the models are measured too."""
    one, ten = {"pick": "highest_loss", "count": 1}, {"pick": "highest_loss", "count": 10}
    table = {
        "train sgd": {"kind": "train", "model": "lenet", "epochs": 2},
        "train adam": {"kind": "train", "model": "cnn", "epochs": 1, "optimizer": "adam"},
        "train lbfgs": {"kind": "train", "model": "logistic", "optimizer": "lbfgs", "epochs": 100},
        "train newton": {"kind": "train", "model": "logistic", "optimizer": "newton", "epochs": 10},
        "evaluate cnn": {"kind": "evaluate", "model": "cnn", "split": "train"},
        "remove default": {"kind": "remove", "model": "lenet", "class": 8},
        "remove cnn": {"kind": "remove", "model": "cnn", "class": 8, "hessian_samples": 512},
        "remove fif": {"kind": "remove", "model": "lenet", "class": 8, "estimator": "fif"},
        "remove pif": {"kind": "remove", "model": "lenet", "class": 8, "estimator": "pif"},
        "remove newton rounds": {"kind": "remove", "model": "mlp", "class": 8, "gradient": "newton", "rounds": 3},
        "remove to the end": {"kind": "remove", "model": "mlp", "class": 8, "solver": {"name": "lsmr", "iterations": 100}},
        "remove neumann": {"kind": "remove", "model": "mlp", "class": 8, "solver": {"name": "neumann", "iterations": 200}},
        "remove cg": {"kind": "remove", "model": "mlp", "class": 8, "estimator": "fif", "solver": "cg"},
        "remove minres": {"kind": "remove", "model": "mlp", "class": 8, "estimator": "if", "solver": "minres"},
        "remove direct": {"kind": "remove", "model": "mlp", "class": 8, "modification_ratio": 0.05, "solver": "direct"},
        "recover default": {"kind": "recover", "model": "marked"},
        "recover one round": {"kind": "recover", "model": "marked", "rounds": 1, "hessian": "hessian"},
        "retrain": {"kind": "retrain", "model": "lenet", "class": 8},
        "compare": {"kind": "compare", "model": "mlp", "class": 8, "estimator": ["gif", "fif"],
                    "modification_ratio": [0.1, 0.3]},
        "influence default": {"kind": "influence", "model": "lenet", "test": one},
        "influence ten": {"kind": "influence", "model": "lenet", "test": ten},
        "influence cnn": {"kind": "influence", "model": "cnn", "test": one},
        "influence convex": {"kind": "influence", "model": "convex", "test": ten},
        "influence minres": {"kind": "influence", "model": "mlp", "test": ten, "solver": "minres", **GN},
        "influence lsmr": {"kind": "influence", "model": "mlp", "test": one, "solver": "lsmr", **GN},
        "influence lissa": {"kind": "influence", "model": "mlp", "test": one, "solver": "lissa", **GN,
                            "require_convergence": False},
        "influence nystrom": {"kind": "influence", "model": "mlp", "test": ten,
                              "solver": {"name": "cg", "preconditioner": "nystrom", "rank": 50}, **GN},
        "influence jacobi": {"kind": "influence", "model": "mlp", "test": ten,
                             "solver": {"name": "cg", "preconditioner": "jacobi"}, **GN},
        "influence arnoldi dropped": {"kind": "influence", "model": "mlp", "test": one, "require_convergence": False,
                                      "solver": {"name": "arnoldi", "rank": 30, "complement": "dropped"}, **GN},
        "influence arnoldi solved": {"kind": "influence", "model": "mlp", "test": one,
                                     "solver": {"name": "arnoldi", "rank": 30, "complement": "solved"}, **GN},
        "influence perturbation": {"kind": "influence", "model": "lenet", "test": one, "influence": "perturbation",
                                   "train": {"indices": list(range(500))}},
        "self-influence direct": {"kind": "influence", "model": "logistic", "self_influence": True},
        "self-influence default": {"kind": "influence", "model": "mlp", "self_influence": True,
                                   "require_convergence": False},
        "self-influence constant": {"kind": "influence", "model": "mlp", "self_influence": True,
                                    "require_convergence": False,
                                    "self_solver": {"name": "arnoldi", "rank": 30, "complement": "constant"}, **GN},
        "self-influence solved": {"kind": "influence", "model": "mlp", "self_influence": True,
                                  "train": {"indices": list(range(60))}, "hessian_samples": 500,
                                  "self_solver": {"name": "arnoldi", "rank": 30, "complement": "solved"}, **GN},
        "self-influence cg": {"kind": "influence", "model": "mlp", "self_influence": True, "hessian_samples": 500,
                              "train": {"indices": list(range(60))}, "self_solver": "cg", **GN},
        "mislabeled default": {"kind": "mislabeled", "model": "flipped"},
        "mislabeled self": {"kind": "mislabeled", "model": "flipped", "method": "self_influence", "fix_at": [],
                            "require_convergence": False},
        "mislabeled arnoldi": {"kind": "mislabeled", "model": "flipped", "method": "self_influence", "fix_at": [],
                               "require_convergence": False, "solver": {"name": "arnoldi", "rank": 30}},
        "domain_mismatch": {"kind": "domain_mismatch", "model": "lenet"},
        "validate default": {"kind": "validate", "model": "mlp"},
        "validate groups": {"kind": "validate", "model": "logistic", "groups": {"count": 10, "fraction": 0.1}},
        "validate scratch": {"kind": "validate", "model": "mlp", "from": "scratch", "count": 5, "norms": False},
        "validate convex": {"kind": "validate", "model": "convex", "count": 10},
        "spectrum": {"kind": "spectrum", "model": "lenet", "count": 10, "hessian_samples": 1000},
        "spectrum density": {"kind": "spectrum", "model": "mlp", "count": 5, "hessian_samples": 1000, "density": {}},
        "attack": {"kind": "attack", "model": "convex", "test": {"indices": [3]}, "iterations": 5, "epsilon": 0.05},
        "sweep": {"kind": "sweep", "architectures": ["logistic"], "weight_decays": [0.01], "seeds": 2, "count": 5,
                  "training": {"epochs": 2}},
        "trajectory": {"kind": "trajectory", "model": "line", "heterogeneous": True, "parameters": [0, 1], "step": 5},
    }
    return table


def main():
    client, wanted = Client(sys.argv[1].rstrip("/")), sys.argv[2:]
    prefix = "estimate-"
    made, bad, count = [], 0, 0

    def measure(name, job):
        nonlocal bad, count
        estimate = job.get("estimate") or {}
        ended = client.finish(job)
        seconds, expected = ended["result"]["seconds"]["total"], estimate.get("seconds", float("nan"))
        ratio = expected / max(seconds, 1e-3)
        short = expected <= SHORT and seconds <= SHORT
        right = short or 1 / LARGEST_RATIO <= max(expected, SHORT / 2) / max(seconds, SHORT / 2) <= LARGEST_RATIO
        bad += not right
        count += 1
        print(f"{name:28} {expected:9.2f} {seconds:9.2f} {ratio:7.2f}  {'' if right else 'wrong'}", flush=True)

    print(f"{'request':28} {'estimate':>9} {'seconds':>9} {'ratio':>7}")
    try:
        for name, source in (("pictures", PICTURES), ("flipped", {"format": "derived", "of": prefix + "pictures", **FLIPPED}),
                             ("marked", {"format": "derived", "of": prefix + "pictures", **MARKED}),
                             ("points", {"format": "synthetic", "name": "linear-regression"})):
            client.json("POST", "/v1/datasets", {"name": prefix + name, "source": source})
            made.insert(0, f"/v1/datasets/{prefix + name}")
        for name, body in models(prefix).items():
            job = client.json("POST", "/v1/models", {"name": prefix + name, **body})
            made.insert(0, f"/v1/models/{prefix + name}")
            measure(f"train {name} (model)", job)
        for name, body in rows().items():
            if wanted and not any(part in name for part in wanted):
                continue
            body = dict(body)
            if "model" in body:
                body["model"] = prefix + body["model"]
            else:
                body["dataset"] = prefix + "pictures"
            try:
                measure(name, client.json("POST", "/v1/jobs", body))
            except Failure as failure:
                bad += 1
                print(f"{name:28} {failure}")
    finally:
        remove(client, prefix, made)
    print(f"{count} jobs, {bad} beyond a factor of {LARGEST_RATIO:g} or failed")
    return 1 if bad else 0


def remove(client, prefix, made):
    """Deletes what was made, and the models that retrainings made."""
    names = [m["name"] for m in client.json("GET", "/v1/models?limit=200")["items"] if m["name"].startswith(prefix)]
    paths = [f"/v1/models/{name}" for name in names] + [path for path in made if "/datasets/" in path]
    for path in paths:
        try:
            client.call("DELETE", path)
        except Failure as failure:
            print(f"  left behind: {failure}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
