"""The wrong requests of the comparison: one, at least, for every kind of fault. Their answers must stay the same text with the
same pointers. They are posted after the jobs, so that data sets, models and checkpoints of every kind are there."""

import json

from compare import resource_faults


def job(kind, model="mlp", **members):
    return {"kind": kind, "model": model, **members}


def remove(**members):
    return job("remove", **{"class": 8, **members})


def influence(**members):
    return job("influence", **members)


def jobs():
    """Bodies of POST /v1/jobs that are answered with 422, or with the status that stands behind them."""
    # The body itself, the kind, what all kinds share.
    yield from ({}, [], "text", 5, None, {"kind": None}, {"kind": 3}, {"kind": "removee"}, {"kind": "xyz", "model": "mlp"},
                {"kind": ["train"]},
                {"kind": "remov", "priority": 101, "time_limit": 0}, {"model": "mlp", "class": 8},
                job("evaluate", priority=101), job("evaluate", priority=-101), job("evaluate", priority=1.5),
                job("evaluate", priority="high"),
                job("evaluate", time_limit=0), job("evaluate", time_limit=-1), job("evaluate", time_limit=1e10),
                job("evaluate", time_limit="1 h"))
    # Models, checkpoints and data sets.
    yield from ({"kind": "evaluate"}, job("evaluate", None), job("evaluate", ""), job("evaluate", "No such"), job("evaluate", 7),
                job("evaluate", "x" * 200),
                (job("evaluate", "mlpp"), 404), (job("evaluate", checkpoint="none"), 404), job("evaluate", checkpoint=1),
                job("evaluate", checkpoint="x" * 65),
                job("evaluate", "softmax", checkpoint="@remove"), (job("evaluate", dataset="digitss"), 404),
                job("evaluate", dataset="empty"),
                job("evaluate", dataset="iris"), job("evaluate", dataset="points"), job("evaluate", dataset="UPPER"),
                job("evaluate", split="tests"), job("evaluate", split=1), job("evaluate", "separable"),
                job("evaluate", "exact", split="validation"), job("evaluate", dataset="digits", split="validation"),
                job("evaluate", seed=-1), job("evaluate", seed=2**63))
    # Unknown members, with and without something near.
    yield from (remove(clas=3), remove(modification=0.1, zzz=1), job("evaluate", optimizer="sgd"),
                remove(solver={"name": "lsmr", "iteration": 4}),
                remove(Rounds=2), {**remove(), "a/b~c": 1, "ä": 2},
                {**remove(), **{f"unknown{place}": place for place in range(120)}})
    # Groups.
    yield from (job("remove"), job("remove", **{"class": None}), remove(indices=[1]), remove(poisoned=True),
                job("remove", poisoned=True, relabeled=True),
                job("remove", poisoned=False), job("remove", poisoned=1), job("remove", poisoned=True),
                job("remove", relabeled=True), job("remove", heterogeneous=True),
                remove(**{"class": 10}), remove(**{"class": -1}), remove(**{"class": 1.5}), remove(**{"class": "8"}),
                remove(**{"class": 2**40}),
                job("remove", indices=[]), job("remove", indices=5), job("remove", indices=[1, 1]), job("remove", indices=[300]),
                job("remove", indices=[-1]),
                job("remove", indices=["a", None, 1.5]), job("remove", indices=list(range(300))),
                job("remove", "line", **{"class": 1}),
                remove(checkpoint="@remove"), job("remove", checkpoint="@remove", indices=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
                job("remove", "arrays", **{"class": 4}),
                job("retrain", checkpoint="@remove", **{"class": 8}), job("retrain"), job("recover", "marked", relabeled=True),
                job("recover"), job("recover", "marked", indices=[900]),
                job("recover", "line"), job("recover", "marked", group_term=True), job("retrain", recover=True, **{"class": 8}),
                job("retrain", recover="yes", **{"class": 8}))
    # Updates.
    yield from (remove(estimator="gf"), remove(estimator=["gif"]), remove(modification_ratio=0), remove(modification_ratio=1.1),
                remove(modification_ratio="0.1"),
                remove(selection="top_output"), remove(selection="xyz"), remove(scales="all"), remove(scales=[]),
                remove(scales=["a"]), remove(scales=[1e7]), remove(scales=[0] * 1001),
                remove(curve="auto"), remove(curve=[0] * 201), remove(curve=[1e9, None]), remove(rounds=0), remove(rounds=101),
                remove(rounds=2.5), remove(choose_by="loss"),
                remove(gradient="newtons"), remove(gradient_samples=0), remove(gradient_samples="some"),
                remove(gradient_samples=1.5), remove(hessian_samples=-1), remove(hessian_samples=[1]),
                remove(augment="flip"), remove(augment=["turn"]), remove(augment=["flip", "flip"]), remove(augment=["flip"] * 9),
                job("remove", "adam", **{"class": 1}, augment=["flip"]),
                remove(seed="x"), remove(require_convergence=1), remove(group_term="no"), remove(hessian="fisher"),
                remove(hessian=None, damping=-1), remove(damping="auto"), remove(damping="none"),
                remove(estimator="gif", solver="lissa"))
    # Solvers.
    yield from (remove(solver="lsmrr"), remove(solver=5), remove(solver=[]), remove(solver={}), remove(solver={"name": None}),
                remove(solver={"name": "gmres"}), remove(solver={"name": 1}),
                remove(solver={"name": "lsmr", "iterations": 0}), remove(solver={"name": "lsmr", "iterations": "many"}),
                remove(solver={"name": "lsmr", "iterations": 1.5}),
                remove(solver={"name": "lsmr", "tolerance": 0}), remove(solver={"name": "lsmr", "tolerance": 1}),
                remove(solver={"name": "lsmr", "tolerance": "x"}),
                remove(solver={"name": "lsmr", "scale": 3}),
                remove(solver={"name": "lsmr", "rank": 3, "repeats": 1, "probes": 2, "complement": "solved",
                               "preconditioner": "none"}),
                remove(solver={"name": "cg", "preconditioner": "ilu"}), remove(solver={"name": "cg", "rank": 5}),
                remove(solver={"name": "cg", "probes": 5}),
                remove(solver={"name": "cg", "preconditioner": "nystrom", "rank": 0, "probes": 1}),
                remove(solver={"name": "cg", "preconditioner": "jacobi", "probes": 0, "rank": 1}),
                remove(solver={"name": "minres", "preconditioner": "jacobi"}), remove(solver={"name": "neumann", "scale": 0}),
                remove(solver={"name": "direct", "iterations": "auto"}),
                remove(solver={"name": "direct", "iterations": 5, "rank": 2}),
                remove(estimator="if", solver={"name": "lissa", "batch_size": 0, "repeats": 0, "corrections": -1, "scale": -2}),
                remove(estimator="if", solver={"name": "lissa", "iterations": "auto"}),
                remove(estimator="if", solver={"name": "arnoldi", "rank": 0, "complement": "kept"}),
                remove(estimator="if", solver={"name": "arnoldi", "iterations": "auto", "scale": 2}),
                influence(solver={"name": "cg", "iterations": "auto"}),
                influence(solver={"name": "direct", "iterations": "auto"}), influence(model="residual", solver="direct"),
                influence(damping="automatic"), influence(damping=[1]), influence(damping=-0.1))
    # Test points and training samples.
    yield from (influence(test=[]), influence(test="all"), influence(test={"indices": [], "split": "trains"}),
                influence(test={"indices": [1], "pick": "highest_loss"}),
                influence(test={"indices": [1], "count": 2}), influence(test={"mean": True, "count": 2}),
                influence(test={"mean": 1}), influence(test={"pick": "best"}),
                influence(test={"pick": "highest_loss", "count": 0}), influence(test={"pick": "highest_loss", "count": 101}),
                influence(test={"indices": [100]}), influence(test={"indices": [1, 1]}),
                influence(test={"indices": [1], "split": "validation"}), influence(model="exact", test={"split": "validation"}),
                influence(model="line", test={"pick": "misclassified"}),
                influence(test={"index": 3}), influence(model="separable", test={"mean": True}), influence(train="some"),
                influence(train=[1]), influence(train={}), influence(train={"indices": []}),
                influence(train={"indices": [1, 1]}), influence(train={"indices": [300]}),
                influence(train={"indices": [0], "count": 1}))
    # The rest of influence.
    yield from (influence(influence="down"), influence(top=-1), influence(top=10001), influence(self_solver="cg"),
                influence(self_influence="yes"), influence(self_influence=True, self_solver="xyz"),
                influence(self_influence=True, self_solver={"name": "cg", "iterations": "auto"}),
                influence(model="residual", self_influence=True, self_solver="direct"),
                (influence(factors="none"), 404), influence(factors="#remove"), influence(factors="#influence factors"),
                influence(factors="#influence failing"),
                influence(factors="#influence", test={"mean": True}, solver="cg", damping=1, self_influence=True),
                influence(model="softmax", factors="#influence"), influence(factors=3),
                influence(test={"pick": "highest_loss", "count": 100}, top=2000),
                influence(model="residual", influence="perturbation", test={"pick": "highest_loss", "count": 20}))
    # Retrainings and trainings.
    yield from (job("train", epochs=0), job("train", epochs=10**7), job("train", optimizer="rmsprop"), job("train", optimizer=5),
                job("train", learning_rate=0), job("train", learning_rate="fast"),
                job("train", momentum=1), job("train", nesterov="yes"), job("train", betas=[0.9, 0.9]),
                job("train", optimizer="adam", momentum=0.5, nesterov=True),
                job("train", optimizer="adam", betas=[0.9]), job("train", optimizer="adam", betas=[0.9, 1]),
                job("train", optimizer="adam", betas=0.9), job("train", optimizer="adam", epsilon=0),
                job("train", history=5, gradient_norm=1), job("train", optimizer="newton", history=5),
                job("train", optimizer="lbfgs", history=0), job("train", optimizer="lbfgs", learning_rate=1, schedule="cosine",
                                                                augment=[], freeze_statistics=True),
                job("train", optimizer="lbfgs", batch_size=10), job("train", optimizer="lbfgs", gradient_norm=0, betas=[],
                                                                    epsilon=1), job("train", schedule="linear"),
                                                                    job("train", schedule=4), job("train", schedule={}),
                job("train", schedule={"name": "cosin"}), job("train", schedule={"name": "cosine", "every": 3}),
                job("train", schedule={"name": "step", "every": 0, "factor": 2}),
                job("train", schedule={"name": "constant", "warmup": 1}),
                job("train", batch_size=0), job("train", batch_size="half"), job("train", validation=1),
                job("train", validation=-0.1), job("train", validation=0.001), job("train", validation=0.999),
                job("train", exclude={}),
                job("train", exclude=5), job("train", exclude={"class": 3, "indices": [1]}), job("train", exclude={"class": 30}),
                job("train", exclude={"indices": [999]}), job("train", exclude={"poisoned": True, "note": ""}),
                job("train", "net", optimizer="lbfgs"), job("train", "adam", augment=["flip", "crop"]),
                job("train", augment="flip"), job("train", freeze_statistics="no"), job("train", seed=-5),
                (job("train", checkpoint="initia"), 404),
                job("retrain", **{"class": 8}, name="Not a name"), (job("retrain", **{"class": 8}, name="softmax"), 409),
                job("retrain", **{"class": 8}, training=5), job("retrain", **{"class": 8}, training={"epoch": 5}),
                job("retrain", "vgg", **{"class": 1}), job("train", "single", batch_size=1))
    # Curves, grids, spectra, attacks.
    yield from (job("compare"), job("compare", **{"class": 8}, estimator=[]),
                job("compare", **{"class": 8}, estimator=["gif", "gif"]), job("compare", **{"class": 8}, estimator="gof"),
                job("compare", **{"class": 8}, modification_ratio=[0, 2]),
                job("compare", **{"class": 8}, solver=["lsmr", "lissa"]),
                job("compare", **{"class": 8}, solver=[{"name": "lsmr", "x": 1}]),
                job("compare", **{"class": 8}, damping=[-1, "auto"]), job("compare", **{"class": 8}, repeats=0),
                job("compare", **{"class": 8}, repeats=1000, damping=list(range(11))), job("compare", recover=True),
                job("compare", **{"class": 8}, repeats=5, seed=2**63 - 3), job("compare", **{"class": 8}, selection=["a", 5]),
                job("compare", **{"class": 8}, curve=[1]),
                job("trajectory", "line"), job("trajectory", "line", heterogeneous=True),
                job("trajectory", "line", heterogeneous=True, parameters=[]),
                job("trajectory", "line", heterogeneous=True, parameters=5),
                job("trajectory", "line", heterogeneous=True, parameters=[99, -1, "x"]),
                job("trajectory", "line", heterogeneous=True, parameters=[{"tensor": "none", "indices": [0]}]),
                job("trajectory", "line", heterogeneous=True, parameters=[{"tensor": "0.weight", "indices": [99]},
                    {"tensor": "0.weight"}, {"indices": [0]}, {"tensor": "0.weight", "indices": []}]),
                job("trajectory", "line", heterogeneous=True, parameters=[0, 0]),
                job("trajectory", "line", heterogeneous=True, parameters=[0], estimators=["if"], modes=["all"], order="up",
                    step=0),
                job("trajectory", "line", heterogeneous=True, parameters=[0], estimators=["gif", "gif"], modes=[],
                    solver="lissa"), job("trajectory", "line", heterogeneous=True, parameters=[0], estimators="gif"),
                job("spectrum", count=0), job("spectrum", count=5001), job("spectrum", loss=[]),
                job("spectrum", loss=["mse", "mse"]), job("spectrum", loss="l1"),
                job("spectrum", loss={"name": "mse", "temperature": 1}),
                job("spectrum", loss={"temperature": 1}), job("spectrum", loss=[{"name": "hinge", "temperature": 0}]),
                job("spectrum", "line", loss=["mse", "hinge"]), job("spectrum", l2=-1), job("spectrum", l2=[]),
                job("spectrum", l2="x"),
                job("spectrum", retrain="yes"), job("spectrum", training={"epochs": 1}), job("spectrum", "vgg", retrain=True),
                job("spectrum", density=5),
                job("spectrum", density={"probes": 0, "steps": 2000, "points": 1, "width": 0, "bins": 3}),
                job("spectrum", tolerance=0), job("spectrum", iterations=0), job("spectrum", hessian="gn"),
                job("attack", "binary"), job("attack", "binary", test={"mean": True}),
                job("attack", "line", test={"indices": [0]}), job("attack", "binary", test={"indices": [1]}, train={}),
                job("attack", "binary", test={"indices": [1]}, train={"count": 0}),
                job("attack", "binary", test={"indices": [1]}, train={"indices": [], "count": 3}),
                job("attack", "binary", test={"indices": [1]}, train={"indices": [500]}),
                job("attack", "binary", test={"indices": [1]}, train={"indices": [1, 1]}),
                job("attack", "binary", test={"indices": [1]}, epsilon=0, step=-1, iterations=0),
                job("attack", "binary", test={"indices": [1]}, training={"optimizer": "sgd"}),
                job("attack", "net", test={"indices": [1]}))
    # Validations and sweeps.
    yield from (job("validate", count=0), job("validate", count=400), job("validate", candidates="bottom"),
                job("validate", candidates={}), job("validate", candidates={"indices": []}),
                job("validate", candidates={"indices": [1, 1]}),
                job("validate", candidates={"indices": [999]}), job("validate", candidates={"indices": list(range(100))}),
                job("validate", candidates={"indices": [1]}, count=3), job("validate", candidates=[1]),
                job("validate", groups=[]), job("validate", groups={}), job("validate", groups={"count": 3}),
                job("validate", groups={"count": 0, "fraction": 1}),
                job("validate", groups={"count": 3, "size": 5, "fraction": 0.5}),
                job("validate", groups={"count": 3, "size": 500}), job("validate", groups={"count": 3, "fraction": 0.0001}),
                job("validate", groups={"count": 3, "fraction": 0.9999}), job("validate", groups=[[], [1, 1], [999], 5]),
                job("validate", "exact", groups=[list(range(120))]), job("validate", retrain_steps=5, retrain_fraction=0.5),
                job("validate", retrain_steps=0), job("validate", retrain_fraction=0), job("validate", retrain_rate=2),
                job("validate", norms="yes", newton=1), job("validate", **{"from": "zero"}),
                job("validate", "exact", precision="float32"), job("validate", precision="float16"), job("validate", "vgg"),
                job("validate", checkpoint="@remove", candidates={"indices": [5]}), job("validate", checkpoint="@remove", groups=[[5, 6]]),
                job("validate", "softmax-large", test={"pick": "highest_loss", "count": 355}, count=1000),
                {"kind": "sweep"}, {"kind": "sweep", "dataset": "iris"},
                {"kind": "sweep", "dataset": "iris", "architectures": []},
                {"kind": "sweep", "dataset": "iris", "architectures": ["mpl", 5, {}]},
                {"kind": "sweep", "dataset": "iris", "architectures": ["lenet"]},
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "weight_decays": []},
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "weight_decays": [-1]},
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "seeds": []},
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "seeds": [1, 1]},
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "seeds": 0},
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "groups": {"count": 3, "size": 2},
                 "model": "exact"}, {"kind": "sweep", "dataset": "points", "architectures": ["linear"]},
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"] * 100, "weight_decays": [0] * 20, "seeds": 20},
                ({"kind": "sweep", "dataset": "irises", "architectures": ["logistic"]}, 404),
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "seeds": 2,
                 "test": {"split": "validation", "indices": [0]}, "training": {"epochs": 1}},
                 {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"]},
                {"kind": "sweep", "dataset": "iris", "architectures": [{"layers": [{"type": "linear", "out_features": 7}]}],
                 "precision": "double", "loss": "none"})
    # Mislabeled samples and mismatched groups.
    yield from (job("mislabeled", "line"), job("mislabeled", method="guess"), job("mislabeled", fix_at=[0.1]),
                job("mislabeled", "flipped", fix_at=[0]), job("mislabeled", "flipped", fix_at=0.5),
                job("mislabeled", "flipped", fix_at=[0.1] * 21),
                job("mislabeled", "flipped", training={"epochs": 0}), job("mislabeled", top=20000),
                job("mislabeled", test={"mean": True}),
                job("mislabeled", method="self_influence", solver={"name": "arnoldi", "iterations": "auto"}),
                job("domain_mismatch", groups=5), job("domain_mismatch", groups=[]), job("domain_mismatch", groups=[{}]),
                job("domain_mismatch", groups=[{"class": 1}, {"class": 1}]),
                job("domain_mismatch", groups=[{"class": 11, "name": ""}, 3]),
                job("domain_mismatch", groups=[{"class": 1, "indices": [1]}]),
                job("domain_mismatch", groups=[{"poisoned": True}]), job("domain_mismatch", "line"),
                job("domain_mismatch", groups="classes"), job("domain_mismatch", require_convergence="no"))
    # Estimates beyond the limits.
    yield from (job("validate", "residual", candidates="random", count=60, time_limit=0.001,
                    **{"damping": 1, "training": {"epochs": 1}}), job("train", "residual", epochs=1000, batch_size="all",
                                                                      time_limit=5), remove(time_limit=1e-9))


def bodies():
    """Path, body and status of every wrong body."""
    for path, rows in (("/v1/jobs", jobs()), ("/v1/models", resource_faults.models()), ("/v1/datasets", resource_faults.datasets())):
        for row in rows:
            body, status = row if isinstance(row, tuple) else (row, 422)
            yield path, body, status


def title(path, body):
    text = json.dumps(body, ensure_ascii=False)
    return f"{path} {text if len(text) < 400 else text[:400] + '…'}"
