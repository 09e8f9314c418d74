"""The wrong requests of the comparison: one, at least, for every kind of fault. Their answers must stay the same text with the
same pointers. They are posted after the jobs, so that data sets, models and checkpoints of every kind are there."""

import json


def job(kind, model="mlp", **members):
    return {"kind": kind, "model": model, **members}


def remove(**members):
    return job("remove", **{"class": 8, **members})


def influence(**members):
    return job("influence", **members)


def jobs():
    """Bodies of POST /v1/jobs that are answered with 422, or with the status that stands behind them."""
    # The body itself, the kind, what all kinds share.
    yield from ({}, [], "text", 5, None, {"kind": None}, {"kind": 3}, {"kind": "removee"}, {"kind": "xyz", "model": "mlp"}, {"kind": ["train"]},
                {"kind": "remov", "priority": 101, "time_limit": 0}, {"model": "mlp", "class": 8},
                job("evaluate", priority=101), job("evaluate", priority=-101), job("evaluate", priority=1.5), job("evaluate", priority="high"),
                job("evaluate", time_limit=0), job("evaluate", time_limit=-1), job("evaluate", time_limit=1e10), job("evaluate", time_limit="1 h"))
    # Models, checkpoints and data sets.
    yield from ({"kind": "evaluate"}, job("evaluate", None), job("evaluate", ""), job("evaluate", "No such"), job("evaluate", 7), job("evaluate", "x" * 200),
                (job("evaluate", "mlpp"), 404), (job("evaluate", checkpoint="none"), 404), job("evaluate", checkpoint=1), job("evaluate", checkpoint="x" * 65),
                job("evaluate", "softmax", checkpoint="@remove"), (job("evaluate", dataset="digitss"), 404), job("evaluate", dataset="empty"),
                job("evaluate", dataset="iris"), job("evaluate", dataset="points"), job("evaluate", dataset="UPPER"),
                job("evaluate", split="tests"), job("evaluate", split=1), job("evaluate", "separable"),
                job("evaluate", "exact", split="validation"), job("evaluate", dataset="digits", split="validation"), job("evaluate", seed=-1), job("evaluate", seed=2**63))
    # Unknown members, with and without something near.
    yield from (remove(clas=3), remove(modification=0.1, zzz=1), job("evaluate", optimizer="sgd"), remove(solver={"name": "lsmr", "iteration": 4}),
                remove(Rounds=2), {**remove(), "a/b~c": 1, "ä": 2}, {**remove(), **{f"unknown{place}": place for place in range(120)}})
    # Groups.
    yield from (job("remove"), job("remove", **{"class": None}), remove(indices=[1]), remove(poisoned=True), job("remove", poisoned=True, relabeled=True),
                job("remove", poisoned=False), job("remove", poisoned=1), job("remove", poisoned=True), job("remove", relabeled=True), job("remove", heterogeneous=True),
                remove(**{"class": 10}), remove(**{"class": -1}), remove(**{"class": 1.5}), remove(**{"class": "8"}), remove(**{"class": 2**40}),
                job("remove", indices=[]), job("remove", indices=5), job("remove", indices=[1, 1]), job("remove", indices=[300]), job("remove", indices=[-1]),
                job("remove", indices=["a", None, 1.5]), job("remove", indices=list(range(300))), job("remove", "line", **{"class": 1}),
                remove(checkpoint="@remove"), job("remove", checkpoint="@remove", indices=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), job("remove", "arrays", **{"class": 4}),
                job("retrain", checkpoint="@remove", **{"class": 8}), job("retrain"), job("recover", "marked", relabeled=True), job("recover"), job("recover", "marked", indices=[900]),
                job("recover", "line"), job("recover", "marked", group_term=True), job("retrain", recover=True, **{"class": 8}), job("retrain", recover="yes", **{"class": 8}))
    # Updates.
    yield from (remove(estimator="gf"), remove(estimator=["gif"]), remove(modification_ratio=0), remove(modification_ratio=1.1), remove(modification_ratio="0.1"),
                remove(selection="top_output"), remove(selection="xyz"), remove(scales="all"), remove(scales=[]), remove(scales=["a"]), remove(scales=[1e7]), remove(scales=[0] * 1001),
                remove(curve="auto"), remove(curve=[0] * 201), remove(curve=[1e9, None]), remove(rounds=0), remove(rounds=101), remove(rounds=2.5), remove(choose_by="loss"),
                remove(gradient="newtons"), remove(gradient_samples=0), remove(gradient_samples="some"), remove(gradient_samples=1.5), remove(hessian_samples=-1), remove(hessian_samples=[1]),
                remove(augment="flip"), remove(augment=["turn"]), remove(augment=["flip", "flip"]), remove(augment=["flip"] * 9), job("remove", "adam", **{"class": 1}, augment=["flip"]),
                remove(seed="x"), remove(require_convergence=1), remove(group_term="no"), remove(hessian="fisher"), remove(hessian=None, damping=-1), remove(damping="auto"), remove(damping="none"),
                remove(estimator="gif", solver="lissa"))
    # Solvers.
    yield from (remove(solver="lsmrr"), remove(solver=5), remove(solver=[]), remove(solver={}), remove(solver={"name": None}), remove(solver={"name": "gmres"}), remove(solver={"name": 1}),
                remove(solver={"name": "lsmr", "iterations": 0}), remove(solver={"name": "lsmr", "iterations": "many"}), remove(solver={"name": "lsmr", "iterations": 1.5}),
                remove(solver={"name": "lsmr", "tolerance": 0}), remove(solver={"name": "lsmr", "tolerance": 1}), remove(solver={"name": "lsmr", "tolerance": "x"}),
                remove(solver={"name": "lsmr", "scale": 3}), remove(solver={"name": "lsmr", "rank": 3, "repeats": 1, "probes": 2, "complement": "solved", "preconditioner": "none"}),
                remove(solver={"name": "cg", "preconditioner": "ilu"}), remove(solver={"name": "cg", "rank": 5}), remove(solver={"name": "cg", "probes": 5}),
                remove(solver={"name": "cg", "preconditioner": "nystrom", "rank": 0, "probes": 1}), remove(solver={"name": "cg", "preconditioner": "jacobi", "probes": 0, "rank": 1}),
                remove(solver={"name": "minres", "preconditioner": "jacobi"}), remove(solver={"name": "neumann", "scale": 0}), remove(solver={"name": "direct", "iterations": "auto"}),
                remove(solver={"name": "direct", "iterations": 5, "rank": 2}), remove(estimator="if", solver={"name": "lissa", "batch_size": 0, "repeats": 0, "corrections": -1, "scale": -2}),
                remove(estimator="if", solver={"name": "lissa", "iterations": "auto"}), remove(estimator="if", solver={"name": "arnoldi", "rank": 0, "complement": "kept"}),
                remove(estimator="if", solver={"name": "arnoldi", "iterations": "auto", "scale": 2}), influence(solver={"name": "cg", "iterations": "auto"}),
                influence(solver={"name": "direct", "iterations": "auto"}), influence(model="residual", solver="direct"), influence(damping="automatic"), influence(damping=[1]), influence(damping=-0.1))
    # Test points and training samples.
    yield from (influence(test=[]), influence(test="all"), influence(test={"indices": [], "split": "trains"}), influence(test={"indices": [1], "pick": "highest_loss"}),
                influence(test={"indices": [1], "count": 2}), influence(test={"mean": True, "count": 2}), influence(test={"mean": 1}), influence(test={"pick": "best"}),
                influence(test={"pick": "highest_loss", "count": 0}), influence(test={"pick": "highest_loss", "count": 101}), influence(test={"indices": [100]}), influence(test={"indices": [1, 1]}),
                influence(test={"indices": [1], "split": "validation"}), influence(model="exact", test={"split": "validation"}), influence(model="line", test={"pick": "misclassified"}),
                influence(test={"index": 3}), influence(model="separable", test={"mean": True}), influence(train="some"), influence(train=[1]), influence(train={}), influence(train={"indices": []}),
                influence(train={"indices": [1, 1]}), influence(train={"indices": [300]}), influence(train={"indices": [0], "count": 1}))
    # The rest of influence.
    yield from (influence(influence="down"), influence(top=-1), influence(top=10001), influence(self_solver="cg"), influence(self_influence="yes"), influence(self_influence=True, self_solver="xyz"),
                influence(self_influence=True, self_solver={"name": "cg", "iterations": "auto"}), influence(model="residual", self_influence=True, self_solver="direct"),
                (influence(factors="none"), 404), influence(factors="#remove"), influence(factors="#influence factors"), influence(factors="#influence failing"),
                influence(factors="#influence", test={"mean": True}, solver="cg", damping=1, self_influence=True), influence(model="softmax", factors="#influence"), influence(factors=3),
                influence(test={"pick": "highest_loss", "count": 100}, top=2000), influence(model="residual", influence="perturbation", test={"pick": "highest_loss", "count": 20}))
    # Retrainings and trainings.
    yield from (job("train", epochs=0), job("train", epochs=10**7), job("train", optimizer="rmsprop"), job("train", optimizer=5), job("train", learning_rate=0), job("train", learning_rate="fast"),
                job("train", momentum=1), job("train", nesterov="yes"), job("train", betas=[0.9, 0.9]), job("train", optimizer="adam", momentum=0.5, nesterov=True),
                job("train", optimizer="adam", betas=[0.9]), job("train", optimizer="adam", betas=[0.9, 1]), job("train", optimizer="adam", betas=0.9), job("train", optimizer="adam", epsilon=0),
                job("train", history=5, gradient_norm=1), job("train", optimizer="newton", history=5), job("train", optimizer="lbfgs", history=0), job("train", optimizer="lbfgs", learning_rate=1, schedule="cosine", augment=[], freeze_statistics=True),
                job("train", optimizer="lbfgs", batch_size=10), job("train", optimizer="lbfgs", gradient_norm=0, betas=[], epsilon=1), job("train", schedule="linear"), job("train", schedule=4), job("train", schedule={}),
                job("train", schedule={"name": "cosin"}), job("train", schedule={"name": "cosine", "every": 3}), job("train", schedule={"name": "step", "every": 0, "factor": 2}), job("train", schedule={"name": "constant", "warmup": 1}),
                job("train", batch_size=0), job("train", batch_size="half"), job("train", validation=1), job("train", validation=-0.1), job("train", validation=0.001), job("train", validation=0.999), job("train", exclude={}),
                job("train", exclude=5), job("train", exclude={"class": 3, "indices": [1]}), job("train", exclude={"class": 30}), job("train", exclude={"indices": [999]}), job("train", exclude={"poisoned": True, "note": ""}),
                job("train", "net", optimizer="lbfgs"), job("train", "adam", augment=["flip", "crop"]), job("train", augment="flip"), job("train", freeze_statistics="no"), job("train", seed=-5), (job("train", checkpoint="initia"), 404),
                job("retrain", **{"class": 8}, name="Not a name"), (job("retrain", **{"class": 8}, name="softmax"), 409), job("retrain", **{"class": 8}, training=5), job("retrain", **{"class": 8}, training={"epoch": 5}),
                job("retrain", "vgg", **{"class": 1}), job("train", "single", batch_size=1))
    # Curves, grids, spectra, attacks.
    yield from (job("compare"), job("compare", **{"class": 8}, estimator=[]), job("compare", **{"class": 8}, estimator=["gif", "gif"]), job("compare", **{"class": 8}, estimator="gof"),
                job("compare", **{"class": 8}, modification_ratio=[0, 2]), job("compare", **{"class": 8}, solver=["lsmr", "lissa"]), job("compare", **{"class": 8}, solver=[{"name": "lsmr", "x": 1}]),
                job("compare", **{"class": 8}, damping=[-1, "auto"]), job("compare", **{"class": 8}, repeats=0), job("compare", **{"class": 8}, repeats=1000, damping=list(range(11))), job("compare", recover=True),
                job("compare", **{"class": 8}, repeats=5, seed=2**63 - 3), job("compare", **{"class": 8}, selection=["a", 5]), job("compare", **{"class": 8}, curve=[1]),
                job("trajectory", "line"), job("trajectory", "line", heterogeneous=True), job("trajectory", "line", heterogeneous=True, parameters=[]), job("trajectory", "line", heterogeneous=True, parameters=5),
                job("trajectory", "line", heterogeneous=True, parameters=[99, -1, "x"]), job("trajectory", "line", heterogeneous=True, parameters=[{"tensor": "none", "indices": [0]}]),
                job("trajectory", "line", heterogeneous=True, parameters=[{"tensor": "0.weight", "indices": [99]}, {"tensor": "0.weight"}, {"indices": [0]}, {"tensor": "0.weight", "indices": []}]),
                job("trajectory", "line", heterogeneous=True, parameters=[0, 0]), job("trajectory", "line", heterogeneous=True, parameters=[0], estimators=["if"], modes=["all"], order="up", step=0),
                job("trajectory", "line", heterogeneous=True, parameters=[0], estimators=["gif", "gif"], modes=[], solver="lissa"), job("trajectory", "line", heterogeneous=True, parameters=[0], estimators="gif"),
                job("spectrum", count=0), job("spectrum", count=5001), job("spectrum", loss=[]), job("spectrum", loss=["mse", "mse"]), job("spectrum", loss="l1"), job("spectrum", loss={"name": "mse", "temperature": 1}),
                job("spectrum", loss={"temperature": 1}), job("spectrum", loss=[{"name": "hinge", "temperature": 0}]), job("spectrum", "line", loss=["mse", "hinge"]), job("spectrum", l2=-1), job("spectrum", l2=[]), job("spectrum", l2="x"),
                job("spectrum", retrain="yes"), job("spectrum", training={"epochs": 1}), job("spectrum", "vgg", retrain=True), job("spectrum", density=5), job("spectrum", density={"probes": 0, "steps": 2000, "points": 1, "width": 0, "bins": 3}),
                job("spectrum", tolerance=0), job("spectrum", iterations=0), job("spectrum", hessian="gn"),
                job("attack", "binary"), job("attack", "binary", test={"mean": True}), job("attack", "line", test={"indices": [0]}), job("attack", "binary", test={"indices": [1]}, train={}), job("attack", "binary", test={"indices": [1]}, train={"count": 0}),
                job("attack", "binary", test={"indices": [1]}, train={"indices": [], "count": 3}), job("attack", "binary", test={"indices": [1]}, train={"indices": [500]}), job("attack", "binary", test={"indices": [1]}, train={"indices": [1, 1]}),
                job("attack", "binary", test={"indices": [1]}, epsilon=0, step=-1, iterations=0), job("attack", "binary", test={"indices": [1]}, training={"optimizer": "sgd"}), job("attack", "net", test={"indices": [1]}))
    # Validations and sweeps.
    yield from (job("validate", count=0), job("validate", count=400), job("validate", candidates="bottom"), job("validate", candidates={}), job("validate", candidates={"indices": []}), job("validate", candidates={"indices": [1, 1]}),
                job("validate", candidates={"indices": [999]}), job("validate", candidates={"indices": list(range(100))}), job("validate", candidates={"indices": [1]}, count=3), job("validate", candidates=[1]),
                job("validate", groups=[]), job("validate", groups={}), job("validate", groups={"count": 3}), job("validate", groups={"count": 0, "fraction": 1}), job("validate", groups={"count": 3, "size": 5, "fraction": 0.5}),
                job("validate", groups={"count": 3, "size": 500}), job("validate", groups={"count": 3, "fraction": 0.0001}), job("validate", groups={"count": 3, "fraction": 0.9999}), job("validate", groups=[[], [1, 1], [999], 5]),
                job("validate", "exact", groups=[list(range(120))]), job("validate", retrain_steps=5, retrain_fraction=0.5), job("validate", retrain_steps=0), job("validate", retrain_fraction=0), job("validate", retrain_rate=2),
                job("validate", norms="yes", newton=1), job("validate", **{"from": "zero"}), job("validate", "exact", precision="float32"), job("validate", precision="float16"), job("validate", "vgg"),
                job("validate", checkpoint="@remove", candidates={"indices": "%removed%"}), job("validate", "softmax-large", test={"pick": "highest_loss", "count": 355}, count=1000),
                {"kind": "sweep"}, {"kind": "sweep", "dataset": "iris"}, {"kind": "sweep", "dataset": "iris", "architectures": []}, {"kind": "sweep", "dataset": "iris", "architectures": ["mpl", 5, {}]},
                {"kind": "sweep", "dataset": "iris", "architectures": ["lenet"]}, {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "weight_decays": []}, {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "weight_decays": [-1]},
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "seeds": []}, {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "seeds": [1, 1]}, {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "seeds": 0},
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "groups": {"count": 3, "size": 2}, "model": "exact"}, {"kind": "sweep", "dataset": "points", "architectures": ["linear"]},
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"] * 100, "weight_decays": [0] * 20, "seeds": 20}, ({"kind": "sweep", "dataset": "irises", "architectures": ["logistic"]}, 404),
                {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"], "seeds": 2, "test": {"split": "validation", "indices": [0]}, "training": {"epochs": 1}}, {"kind": "sweep", "dataset": "iris", "architectures": ["logistic"]},
                {"kind": "sweep", "dataset": "iris", "architectures": [{"layers": [{"type": "linear", "out_features": 7}]}], "precision": "double", "loss": "none"})
    # Mislabeled samples and mismatched groups.
    yield from (job("mislabeled", "line"), job("mislabeled", method="guess"), job("mislabeled", fix_at=[0.1]), job("mislabeled", "flipped", fix_at=[0]), job("mislabeled", "flipped", fix_at=0.5), job("mislabeled", "flipped", fix_at=[0.1] * 21),
                job("mislabeled", "flipped", training={"epochs": 0}), job("mislabeled", top=20000), job("mislabeled", test={"mean": True}), job("mislabeled", method="self_influence", solver={"name": "arnoldi", "iterations": "auto"}),
                job("domain_mismatch", groups=5), job("domain_mismatch", groups=[]), job("domain_mismatch", groups=[{}]), job("domain_mismatch", groups=[{"class": 1}, {"class": 1}]), job("domain_mismatch", groups=[{"class": 11, "name": ""}, 3]),
                job("domain_mismatch", groups=[{"class": 1, "indices": [1]}]), job("domain_mismatch", groups=[{"poisoned": True}]), job("domain_mismatch", "line"), job("domain_mismatch", groups="classes"), job("domain_mismatch", require_convergence="no"))
    # Estimates beyond the limits.
    yield from (job("validate", "residual", candidates="random", count=60, time_limit=0.001, **{"damping": 1, "training": {"epochs": 1}}), job("train", "residual", epochs=1000, batch_size="all", time_limit=5), remove(time_limit=1e-9))


def layers(*rows):
    return {"name": "wrong", "dataset": "pictures", "architecture": {"layers": list(rows)}}


def conv(**members):
    return {"type": "conv2d", "out_channels": 2, "kernel_size": 3, **members}


END = {"type": "flatten"}, {"type": "linear", "out_features": 3}


def models():
    """Bodies of POST /v1/models."""
    base = {"name": "wrong", "dataset": "iris", "architecture": "logistic"}
    yield from ({}, [], {"name": "wrong"}, {**base, "name": "No"}, {**base, "name": ""}, {**base, "name": 5}, {**base, "name": "x" * 101}, ({**base, "name": "mlp"}, 409), ({**base, "dataset": "irish"}, 404), {**base, "dataset": "empty"},
                {**base, "dataset": None}, {**base, "architecture": "logistik"}, {**base, "architecture": "xyz"}, {**base, "architecture": 5}, {**base, "architecture": {}}, {**base, "architecture": {"name": "mlp", "layers": []}},
                {**base, "architecture": {"name": "mlp", "hidden": [0], "activation": "gelu"}}, {**base, "architecture": {"name": "mlp", "hidden": 5}}, {**base, "architecture": {"name": "mlp", "width": 5}},
                {**base, "architecture": {"name": "logistic", "outputs": 1}}, {**base, "architecture": {"name": "logistic", "outputs": 0}}, {**base, "architecture": {"name": "logistic", "outputs": 1}, "dataset": "two", "loss": "mse"},
                {**base, "architecture": {"name": "resnet18", "stem": "large"}}, {**base, "architecture": {"name": "cnn", "hidden": [1]}}, {**base, "architecture": "lenet"}, {**base, "architecture": "vgg11", "dataset": "pictures"},
                {**base, "precision": "float"}, {**base, "precision": 32}, {**base, "seed": -1}, {**base, "seed": 1.5}, {**base, "weight_decay": -0.1}, {**base, "weight_decay": "small"}, {**base, "loss": "crossentropy"}, {**base, "loss": {}},
                {**base, "loss": {"name": "hinge", "temperature": -1}}, {**base, "loss": {"name": "mse", "temperature": 1}}, {**base, "loss": 5}, {**base, "dataset": "points"}, {**base, "training": []}, {**base, "training": {"epochs": 0, "model": "x"}},
                {**base, "training": {"optimizer": "adagrad"}}, {**base, "training": {"validation": 0.0001}}, {**base, "training": {"augment": ["flip"]}}, {**base, "train": {}}, {**base, "architectur": "mlp"},
                {**base, "architecture": {"name": "mlp", "hidden": [1000000, 1000000]}}, {"name": "Bad", "dataset": "pictures", "architecture": {"layers": [{"type": "linear"}]}, "training": {"epochs": -1}})
    yield from (layers(), {**base, "architecture": {"layers": 5}}, layers(5), layers({}), layers({"type": "conv3d"}), layers({"type": 5}), layers({"type": "lineer"}), layers({"type": "linear"}), layers({"type": "linear", "out_features": 0}),
                layers(*END, {"type": "linear", "out_features": 4}), layers(END[0], {"type": "linear", "out_features": 3, "in_features": 9}), layers(END[0], {"type": "linear", "out_features": 3, "bias": "no", "kernel_size": 1}),
                layers({"type": "conv2d"}, *END), layers(conv(kernel_size=0), *END), layers(conv(kernel_size=[1, 2, 3]), *END), layers(conv(kernel_size=[3]), *END), layers(conv(kernel_size=2000), *END), layers(conv(kernel_size=5000), *END),
                layers(conv(kernel_size=9), *END), layers(conv(stride=0), *END), layers(conv(stride=2000), *END), layers(conv(padding=-1), *END), layers(conv(padding=2000), *END), layers(conv(padding=5000), *END), layers(conv(in_channels=3), *END),
                layers(conv(out_channels=2**31), *END), layers(conv(dilation=2), *END), layers({"type": "batch_norm2d", "num_features": 5}, *END), layers(END[0], {"type": "relu", "p": 1}, END[1]),
                layers({"type": "max_pool2d"}, *END), layers({"type": "max_pool2d", "kernel_size": 16}, *END), layers({"type": "max_pool2d", "kernel_size": 2, "padding": 2}, *END), layers({"type": "avg_pool2d", "kernel_size": 20, "stride": 0}, *END),
                layers({"type": "avg_pool2d", "kernel_size": 2, "padding": 9}, *END), layers({"type": "max_pool2d", "kernel_size": 9}, *END), layers({"type": "adaptive_avg_pool2d"}, *END), layers({"type": "adaptive_avg_pool2d", "output_size": [0, 2]}, *END),
                layers({"type": "adaptive_avg_pool2d", "output_size": 5000}, *END), layers(END[0], {"type": "dropout", "p": 1}, END[1]), layers(END[0], {"type": "dropout", "p": "half"}, END[1]), layers({"type": "residual"}, *END),
                layers({"type": "residual", "layers": []}, *END), layers({"type": "residual", "layers": [conv()]}, *END), layers({"type": "residual", "layers": [conv(padding=1)], "shortcut": [{"type": "conv"}]}, *END),
                layers({"type": "residual", "layers": [conv(padding=1, out_channels=3)], "shortcut": [conv(kernel_size=1)]}, *END), layers({"type": "residual", "layers": "none", "shortcut": 3}, *END), layers({"type": "linear", "out_features": 3}),
                layers(END[0], conv(), END[1]), layers(END[0], {"type": "max_pool2d", "kernel_size": 2}, END[1]), layers({"type": "relu"}), layers({"type": "flatten"}), {**base, "architecture": {"layers": [{"type": "relu"}], "name": "mlp"}},
                {**base, "architecture": {"layers": [{"type": "linear", "out_features": 3}], "outputs": 3}})


def datasets():
    """Bodies of POST /v1/datasets: the source of each, or the whole body where it has a name."""
    blobs, line = {"format": "synthetic", "name": "blobs"}, {"format": "synthetic", "name": "linear-regression"}
    several = {"format": "npy", "path": "several", "train_labels": "targets.npy"}
    csv, npy, few = {"format": "csv", "path": "classes.csv", "target": "kind"}, {"format": "npy", "path": "arrays"}, {"format": "derived", "of": "few"}
    sources = [
        None, 5, [], {}, {"format": "hdf5"}, {"format": "cvs"}, {"format": 5}, {"format": "builtin"}, {"format": "builtin", "name": "mnist"}, {"format": "builtin", "name": "iriss", "test": "no"}, {"format": "builtin", "name": "iris", "test": "half"},
        {"format": "builtin", "name": "iris", "path": "x"}, {"format": "builtin", "name": "iris", "normalization": "scale"}, {"format": "builtin", "name": "iris", "normalization": 5}, {"format": "builtin", "name": "iris", "normalization": {}},
        {"format": "builtin", "name": "iris", "normalization": {"mean": 0, "standard_deviation": 0}}, {"format": "builtin", "name": "iris", "normalization": {"mean": [1, 2], "standard_deviation": [1, 1]}},
        {"format": "builtin", "name": "iris", "normalization": {"mean": "x", "standard_deviation": [1], "range": 5}}, {"format": "builtin", "name": "iris", "normalization": "none", "standardize": True},
        {"format": "synthetic"}, {"format": "synthetic", "name": "moons"}, {**blobs, "samples": 0}, {**blobs, "samples": -3, "test_samples": -1}, {**blobs, "samples": 2 * 10**9}, {**blobs, "samples": 20_000_000}, {**blobs, "samples": 1.5},
        {**blobs, "classes": 1}, {**blobs, "dimensions": 0}, {**blobs, "dimensions": 2, "shape": [1, 2, 2]}, {**blobs, "shape": [1, 2]}, {**blobs, "shape": [0, 2, 2]}, {**blobs, "shape": 5}, {**blobs, "spread": -1}, {**blobs, "spread": "wide"},
        {**blobs, "seed": -1}, {**blobs, "noise": 0.1}, {**blobs, "samples": 10_000_000, "dimensions": 1000}, {**line, "noise": -1, "correlation": 1}, {**line, "heterogeneous": 2000}, {**line, "heterogeneous": -1}, {**line, "dimensions": 10**7, "classes": 2},
        {"format": "csv"}, {**csv, "path": "missing.csv"}, {**csv, "path": "../classes.csv"}, {**csv, "path": "/etc/passwd"}, {**csv, "path": ""}, {**csv, "path": 5}, {**csv, "target": "kinds"}, {**csv, "target": 99}, {**csv, "target": []},
        {**csv, "target": 1.5}, {**csv, "target": ["a", "b"], "kind": "classes"}, {**csv, "target": True}, {**csv, "kind": "labels"}, {**csv, "kind": "values"}, {**csv, "header": "yes"}, {**csv, "header": False}, {**csv, "delimiter": ";;"},
        {**csv, "delimiter": "5"}, {**csv, "delimiter": ""}, {**csv, "delimiter": ";"}, {**csv, "test_path": "more.csv", "test_fraction": 0.1}, {**csv, "test_fraction": 1}, {**csv, "test_path": "values.csv"}, {**csv, "ignore": ["e"]}, {**csv, "ignore": {}},
        {**csv, "classes": 1}, {**csv, "classes": 2}, {**csv, "shape": [1, 2, 3]}, {**csv, "shape": [1, 2]}, {**csv, "path": "ragged.csv"}, {**csv, "standardize": True, "normalization": "none"}, {**csv, "standardize": 1}, {**csv, "targets": "kind"},
        {"format": "npy"}, {**npy, "train_inputs": "none.npy"}, {**npy, "train_inputs": "cut.npy"}, {**npy, "train_inputs": "../values.csv"}, {**several, "test_inputs": "train_inputs.npy"}, {**several, "test_labels": "targets.npy"}, {**npy, "classes": 2},
        {**npy, "classes": 1, "class_names": 5}, {**npy, "class_names": ["a", "a", "b", "c"]}, {**npy, "class_names": ["a"]}, {**npy, "class_names": [5]}, {**npy, "train_labels": "train_inputs.npy"}, {**several, "kind": "classes"}, {**several, "classes": 3}, {**npy, "train_labels": "test_labels.npy"},
        {"format": "idx"}, {"format": "idx", "path": "arrays"}, {"format": "idx", "path": "idx", "classes": 2}, {"format": "idx", "path": "idx", "classes": 300}, {"format": "idx", "path": "idx", "class_names": ["a", "a"]}, {"format": "idx", "path": "idx", "train_labels": "train-images-idx3-ubyte"},
        {"format": "cifar10"}, {"format": "cifar10", "path": "idx"}, {"format": "cifar10", "path": "cifar", "classes": 10}, {"format": "upload", "path": "x"}, {"format": "upload", "kind": "x"},
        {"format": "derived"}, {"format": "derived", "of": "Few"}, few, {**few, "classes": []}, {**few, "classes": [1]}, {**few, "classes": [1, 1]}, {**few, "classes": [1, 30]}, {**few, "classes": 5}, {**few, "take": {}}, {**few, "take": {"train": 0}}, {**few, "take": {"train": 900}},
        {**few, "take": {"test": 900, "count": 3}}, {**few, "take": 5}, {**few, "relabel": {}}, {**few, "relabel": {"fraction": 0}}, {**few, "relabel": {"fraction": 2, "seed": -1}}, {**few, "poison": {}}, {**few, "poison": {"label": 30}}, {**few, "poison": {"label": 1, "trigger": "dot"}},
        {**few, "poison": {"label": 1, "size": 3}}, {**few, "poison": {"label": 1, "trigger": "patch", "amount": 0.1}}, {**few, "poison": {"label": 1, "trigger": "patch", "size": 30}}, {**few, "poison": {"label": 1, "fraction": 1, "placement": "before"}},
        {**few, "of": "marked", "poison": {"label": 1}}, {**few, "of": "points", "classes": [0, 1]}, {**few, "of": "points", "relabel": {"fraction": 0.1}}, {**few, "of": "iris", "poison": {"label": 1}}, {**few, "of": "empty", "classes": [0, 1]},
        {**few, "path": "x"},
    ]
    yield from ({"name": "wrong", "source": source} for source in sources)
    yield from ({}, [], {"name": "wrong"}, {"source": blobs}, {"name": "W", "source": blobs}, {"name": "wrong", "source": blobs, "kind": "x"}, ({"name": "digits", "source": blobs}, 409), ({"name": "wrong", "source": {"format": "derived", "of": "fewer", "classes": [0, 1]}}, 404))


def others():
    """Method, path, body and header fields of what is wrong without being a body with faults."""
    text = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"{\"a\":1,}", b"{\"a\":1 \"b\":2}", b"[1,2", b"nul", b"01", b"1.", b"1e", b"1e999", b"\"a", b"\"\\x\"", b"\"\\ud800\"", b"{\"a\":1,\"a\":2}", b"{a:1}", b"{} {}", b"\xff\xfe{\x00}\x00", b"\"\xff\"", b"\"\x01\"", b"[" * 200, b"-", b"tru"):
        yield "POST", "/v1/jobs", body, text
    yield "POST", "/v1/jobs", b"{}", {"Content-Type": "text/plain"}
    yield "POST", "/v1/jobs", b"{}", {**text, "Content-Encoding": "gzip"}
    yield "POST", "/v1/jobs", b"{}", {**text, "Idempotency-Key": ""}
    yield "POST", "/v1/jobs?dry=1", b"{}", text
    yield "POST", "/v1/datasets", b"x", text
    yield "POST", "/v1/models", b"x", text
    for path in ("/", "/v1/", "/v2", "/v1/nothing", "/v1/jobs/none", "/v1/jobs/none/result", "/v1/jobs/none/artifacts/x", "/v1/jobs/none/events", "/v1/jobs/#influence/artifacts/none", "/v1/jobs/#influence failing/result", "/v1/checkpoints/none", "/v1/checkpoints/none/weights",
                 "/v1/models/none", "/v1/models/none/weights", "/v1/models/none/checkpoints", "/v1/models/untrained/weights", "/v1/datasets/none", "/v1/datasets/digits/validation/0", "/v1/datasets/digits/train/9999", "/v1/datasets/digits/train/x", "/v1/datasets/digits/train/01",
                 "/v1/datasets/empty/train/0", "/v1/jobs?limit=0", "/v1/jobs?limit=501", "/v1/jobs?limit=x", "/v1/jobs?after=a%20b", "/v1/jobs?state=done", "/v1/jobs?kind=trane", "/v1/jobs?model=No", "/v1/jobs?limits=5", "/v1/jobs?limit=1&limit=2", "/v1/jobs/none?wait=x", "/v1/datasets?x=1", "/v1/models?limit=%2B5", "/v1?x=1", "/openapi.json?x"):
        yield "GET", path, None, {}
    for path in ("/v1", "/v1/jobs", "/v1/models/mlp", "/v1/datasets/digits/train/0", "/v1/jobs/#influence"):
        yield "GET", path, None, {"Accept": "application/xml"}
    yield "GET", "/v1/jobs/#influence/events", None, {"Accept": "text/html"}
    yield "GET", "/v1/jobs/#influence/events", None, {"Last-Event-ID": "x"}
    yield "GET", "/v1/datasets/iris/train/0", None, {"Accept": "image/png"}
    for method, path in (("PATCH", "/v1/jobs"), ("DELETE", "/v1"), ("PUT", "/v1/jobs/x"), ("POST", "/v1/models/mlp"), ("BREW", "/v1"), ("DELETE", "/v1/jobs/none"), ("DELETE", "/v1/models/none"), ("DELETE", "/v1/datasets/none"), ("DELETE", "/v1/datasets/digits"), ("DELETE", "/v1/datasets/few"),
                         ("DELETE", "/v1/checkpoints/none"), ("POST", "/v1/jobs/none/cancel"), ("POST", "/v1/jobs/#influence/cancel"), ("OPTIONS", "/v1/jobs"), ("OPTIONS", "*"), ("HEAD", "/v1/models/mlp")):
        yield method, path, None, {}
    for path, body in (("/v1/datasets/digits/train/inputs", b"x"), ("/v1/datasets/empty/train/images", b"x"), ("/v1/datasets/empty/validation/inputs", b"x"), ("/v1/datasets/No/train/inputs", b"x"), ("/v1/datasets/empty/train/inputs", b"x"), ("/v1/datasets/empty/train/inputs", b"\x93NUMPY\x01\x00"),
                       ("/v1/datasets/empty/train/inputs?classes=3", b"x"), ("/v1/datasets/empty/train/labels?classes=1", b"x"), ("/v1/datasets/empty/train/labels?kind=text", b"x"), ("/v1/datasets/empty/test/inputs?normalization=none", b"x"), ("/v1/datasets/empty/train/inputs?normalization=scale", b"x"),
                       ("/v1/datasets/empty/train/inputs?normalization={", b"x"), ("/v1/datasets/empty/train/labels?class_names=a,a", b"x"), ("/v1/datasets/empty/train/labels?names=a", b"x"), ("/v1/datasets/new-by-put/train/labels", b"PK\x03\x04"), ("/v1/models/first/weights", b"x" * 20), ("/v1/models/first/weights", b"PK\x03\x04" + b"x" * 30),
                       ("/v1/models/first/weights", (50).to_bytes(8, "little") + b"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"), ("/v1/models/first/weights", (2).to_bytes(8, "little") + b"{}"), ("/v1/models/none/weights", b"x"), ("/v1/models/first/weights?x=1", b"x")):
        yield "PUT", path, body, {}
    yield "PUT", "/v1/models/first/weights", b"x", {"Content-Type": "multipart/form-data; boundary=x"}
    yield "PUT", "/v1/models/first/weights", b"x", {"Content-Type": "application/json"}


# Arguments of the program itself.
COMMANDS = [["--help"], ["serve", "--help"], [], ["server"], ["serve", "--prot", "1"], ["serve", "--port", "70000"], ["serve", "--log-level", "loud"], ["serve", "--workers"], ["serve", "--memory-limit", "5XB"], ["serve", "extra"],
            ["serve", "--config", "/nonexistent"], ["backup"], ["backup", "/nonexistent/copy", "--database", "/nonexistent/none"], ["serve", "--host", "0.0.0.0"]]


def bodies():
    """Path, body and status of every wrong body."""
    for path, rows in (("/v1/jobs", jobs()), ("/v1/models", models()), ("/v1/datasets", datasets())):
        for row in rows:
            body, status = row if isinstance(row, tuple) else (row, 422)
            yield path, body, status


def title(path, body):
    text = json.dumps(body, ensure_ascii=False)
    return f"{path} {text if len(text) < 400 else text[:400] + '…'}"
