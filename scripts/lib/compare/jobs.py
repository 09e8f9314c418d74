"""The jobs of the comparison: a row a request, over every kind and every option that changes what is computed.

`@NAME` stands for the checkpoint that the job NAME made, `#NAME` for the id of that job. A row may say by which state the
job ends; else it must succeed.
"""

ONE = {"pick": "highest_loss", "count": 1}
TWO = {"pick": "highest_loss", "count": 2}
GN = {"hessian": "gauss_newton", "damping": 0.01}
LOOSE = {"require_convergence": False}


def influence(model, **rest):
    return {"kind": "influence", "model": model, **rest}


def remove(model, **rest):
    return {"kind": "remove", "model": model, **rest}


def solvers():
    """Every solver with its options, asked for the influence on the same test points."""
    for name, solver in {
        "lsmr": "lsmr", "cg": {"name": "cg", "iterations": 40, "tolerance": 0.001},
        "cg jacobi": {"name": "cg", "preconditioner": "jacobi", "probes": 20},
        "cg nystrom": {"name": "cg", "preconditioner": "nystrom", "rank": 20},
        "minres": {"name": "minres", "tolerance": 1e-4}, "neumann": {"name": "neumann", "iterations": 500, "scale": 30},
        "direct": "direct", "lissa": {"name": "lissa", "iterations": 200, "scale": 40, "batch_size": 16, "repeats": 2,
                                      "corrections": 3},
        "arnoldi": "arnoldi", "arnoldi dropped": {"name": "arnoldi", "rank": 12, "complement": "dropped"},
        "arnoldi constant": {"name": "arnoldi", "rank": 12, "complement": "constant"},
        "arnoldi solved": {"name": "arnoldi", "rank": 12, "complement": "solved", "iterations": 60},
    }.items():
        yield f"influence by {name}", influence("mlp", test=TWO, solver=solver, **GN, **LOOSE)


def own_solvers():
    for name, solver in {"cg": {"name": "cg", "iterations": 30}, "arnoldi": {"name": "arnoldi", "rank": 15},
                         "lissa": {"name": "lissa", "iterations": 20, "corrections": 2},
                         "lsmr": {"name": "lsmr", "iterations": 20}}.items():
        yield f"self-influence by {name}", influence("mlp", self_influence=True, self_solver=solver,
                                                     train={"indices": list(range(40))}, **GN, **LOOSE)


def selections():
    for place, selection in enumerate(["top_outputs", "top_gradients", "threshold", "random", "lowest_outputs",
                                       "lowest_gradients"]):
        yield f"remove by {selection}", remove("mlp", **{"class": 8}, selection=selection, modification_ratio=0.2, seed=place)


def updates():
    """The solvers and estimators of updates, their scales, rounds and groups."""
    group = {"class": 3}
    yield "remove", remove("mlp", **{"class": 8})
    yield "remove fif", remove("mlp", **group, estimator="fif", solver={"name": "cg", "iterations": "auto"})
    yield "remove pif", remove("mlp", **group, estimator="pif", modification_ratio=0.5)
    yield "remove if", remove("mlp", **group, estimator="if", solver={"name": "minres", "iterations": 50}, damping=0.05)
    yield "remove direct", remove("softmax", **group, solver="direct", modification_ratio=0.3, damping=0.001)
    yield "remove neumann", remove("mlp", **group, solver={"name": "neumann", "iterations": 60})
    yield "remove lissa", remove("mlp", **group, estimator="fif", hessian="gauss_newton", damping=0.1,
                                 solver={"name": "lissa", "scale": 50})
    yield "remove arnoldi", remove("mlp", **group, estimator="if", hessian="gauss_newton", damping=0.1,
                                   solver={"name": "arnoldi", "rank": 20})
    yield "remove rounds", remove("mlp", **group, rounds=3, gradient="newton", choose_by="likelihood", curve=[0, 1, 2.5])
    yield "remove scales", remove("mlp", indices=[1, 4, 9, 16], scales=[0.5, 1, 2], group_term=False, hessian_samples=100,
                                  gradient_samples=3)
    yield "remove float64", remove("conv", **{"class": 1}, require_convergence=True,
                                   solver={"name": "lsmr", "iterations": 2000, "tolerance": 0.01}, damping=0.01)
    yield "remove unconverged", {**remove("mlp", **group, require_convergence=True,
                                          solver={"name": "lsmr", "iterations": 2, "tolerance": 1e-9})}, "failed"
    yield "remove augmented", remove("net", **{"class": 2}, modification_ratio=0.4)
    yield "remove not augmented", remove("net", **{"class": 2}, augment=[], estimator="fif",
                                         solver={"name": "cg", "iterations": 30})
    yield "remove flips", remove("net", **{"class": 2}, augment=["flip"], hessian="gauss_newton")
    yield "remove line", remove("line", heterogeneous=True, solver="direct", estimator="if", scales=[1])
    yield "remove hinge", remove("hinge", indices=[0, 2, 5], estimator="if", solver="direct", hessian="gauss_newton", scales=[1])
    yield "remove poisoned", remove("marked", poisoned=True)
    yield "remove relabeled", remove("flipped", relabeled=True, modification_ratio=0.9)
    yield "remove lenet", remove("lenet", **{"class": 2}, hessian_samples=40)
    yield "remove cnn", remove("cnn", **{"class": 2}, hessian_samples=30, solver={"name": "lsmr", "iterations": 8}, scales=[1, 4])
    yield "remove uploaded", remove("uploaded", **{"class": 3})
    yield "remove twice", remove("mlp", checkpoint="@remove", **{"class": 1}, time_limit=300, priority=5)
    yield "recover", {"kind": "recover", "model": "marked"}
    yield "recover once", {"kind": "recover", "model": "marked", "rounds": 1, "hessian": "hessian", "estimator": "pif",
                           "choose_by": "accuracy", "curve": [1]}
    yield "recover some", {"kind": "recover", "model": "checked", "poisoned": True, "scales": [1], "rounds": 2}
    yield "recover relabeled", {"kind": "recover", "model": "flipped", "modification_ratio": 1, "solver": "direct",
                                "damping": 0.01}


def retrainings():
    yield "retrain", {"kind": "retrain", "model": "mlp", "class": 8, "name": "mlp-without"}
    yield "retrain edited", {"kind": "retrain", "model": "mlp", "checkpoint": "@remove twice", "name": "mlp-edited"}
    yield "retrain otherwise", {"kind": "retrain", "model": "softmax", "indices": [0, 1, 2], "seed": 5,
                                "name": "softmax-otherwise",
                                "training": {"optimizer": "lbfgs", "epochs": 20}}
    yield "retrain recovered", {"kind": "retrain", "model": "marked", "recover": True, "name": "marked-right"}
    yield "remove after retraining", remove("mlp", **{"class": 8}, seed=1)
    yield "train on", {"kind": "train", "model": "mlp", "epochs": 2}
    yield "remove from twin", remove("twin", **{"class": 2})
    yield "train edited", {"kind": "train", "model": "twin", "checkpoint": "@remove from twin", "optimizer": "adam", "epochs": 1}
    yield "remove from trained edited", remove("twin", **{"class": 5})
    yield "train anew", {"kind": "train", "model": "net", "checkpoint": "initial", "epochs": 2, "seed": 3, "augment": ["crop"]}
    yield "train frozen", {"kind": "train", "model": "net", "epochs": 2, "freeze_statistics": True, "learning_rate": 0.001}
    yield "train newton", {"kind": "train", "model": "softmax", "optimizer": "newton", "validation": 0, "gradient_norm": 1e-6}
    yield "train lbfgs", {"kind": "train", "model": "arrays", "optimizer": "lbfgs", "epochs": 40, "history": 5}
    yield "train diverging", {"kind": "train", "model": "first", "learning_rate": 1e20, "epochs": 1}, "failed"
    yield "train first", {"kind": "train", "model": "first", "epochs": 1, "checkpoint": "initial"}
    for split in ("test", "train", "validation"):
        yield f"evaluate {split}", {"kind": "evaluate", "model": "net", "split": split}
    yield "evaluate edited", {"kind": "evaluate", "model": "mlp", "checkpoint": "@remove twice", "split": "train"}
    yield "evaluate elsewhere", {"kind": "evaluate", "model": "mlp", "dataset": "digits", "split": "test"}
    yield "evaluate renamed", {"kind": "evaluate", "model": "mlp", "dataset": "three"}
    yield "evaluate line", {"kind": "evaluate", "model": "line"}
    yield "evaluate binary", {"kind": "evaluate", "model": "binary", "split": "train"}
    yield "evaluate marked", {"kind": "evaluate", "model": "marked", "seed": 4}


def graphs():
    """Networks that are graphs, text, and losses: an update, an answer and an evaluation of each."""
    group = {"graph": {"class": 1}, "reader": {"class": 2}, "recurrent": {"class": 0}, "frozen": {"class": 8}}
    for name in ("graph", "graph-precise", "chain", "reader", "writer", "recurrent", "tagger", "robust", "counter", "frozen"):
        yield f"evaluate {name}", {"kind": "evaluate", "model": name, "split": "train"}
        yield f"remove from {name}", remove(name, **group.get(name, {"indices": [0, 3, 5, 7]}), modification_ratio=0.5)
        yield f"influence on {name}", influence(name, test={**ONE, "split": "train"}, self_influence=True, train={"indices": list(range(30))},
                                                **GN, **LOOSE)
    yield "spectrum of frozen", {"kind": "spectrum", "model": "frozen"}
    yield "retrain reader", {"kind": "retrain", "model": "reader", "class": 2, "name": "reader-without"}
    yield "train frozen on", {"kind": "train", "model": "frozen", "epochs": 1}


def influences():
    yield "influence", influence("mlp")
    yield "influence picks", influence("softmax", test={"pick": "misclassified", "count": 3}, top=4)
    yield "influence median", influence("hinge-many", test={"pick": "median_loss", "count": 2, "split": "train"}, **LOOSE)
    yield "influence lowest", influence("squares", test={"pick": "lowest_loss"}, train={"indices": [0, 7, 14]})
    yield "influence mean", influence("exact", test={"mean": True}, solver="direct")
    yield "influence held out", influence("mlp", test={"pick": "highest_loss", "split": "validation"}, hessian_samples=90)
    yield "influence indices", influence("net", test={"indices": [4, 2]}, top=0)
    yield "influence hessian", influence("exact", test={"indices": [1]}, hessian="hessian", damping=0,
                                         solver={"name": "minres", "iterations": 300, "tolerance": 1e-8},
                                         require_convergence=True)
    yield "influence failing", influence("mlp", test=ONE, hessian="hessian", damping=0,
                                         solver={"name": "cg", "iterations": 2}), "failed"
    yield "influence perturbation", influence("conv", test=ONE, influence="perturbation", train={"indices": [0, 1, 2]}, **GN)
    yield "influence factors", influence("mlp", factors="#influence", train={"indices": [5, 6]}, top=2)
    yield "influence factors perturbed", influence("mlp", factors="#influence", train={"indices": [5, 6]},
                                                   influence="perturbation")
    yield "influence lenet", influence("lenet", test=ONE, damping=0.1, hessian_samples=50, **LOOSE)
    yield "influence tables", influence("tables", test=ONE)
    yield "influence arrays", influence("arrays", test={"indices": [3]}, damping=0.2)
    yield "influence edited", influence("mlp", checkpoint="@remove twice", test=ONE, damping=0.1)
    yield "influence values", influence("table-values", test=ONE, solver="direct")
    yield "self-influence", influence("exact", self_influence=True)
    yield "self-influence and test", influence("adam", self_influence=True, test=ONE, damping=0.1, **LOOSE)
    yield "mislabeled", {"kind": "mislabeled", "model": "flipped", "top": 5}
    yield "mislabeled self", {"kind": "mislabeled", "model": "flipped", "method": "self_influence", "fix_at": [0.2], **LOOSE}
    yield "mislabeled arnoldi", {"kind": "mislabeled", "model": "flipped", "method": "self_influence", "fix_at": [],
                                 "solver": {"name": "arnoldi", "rank": 10}, "damping": 0.1, **LOOSE}
    yield "mislabeled random", {"kind": "mislabeled", "model": "flipped", "method": "random", "seed": 2,
                                "training": {"epochs": 1}, "fix_at": [0.5]}
    yield "mislabeled unknown", {"kind": "mislabeled", "model": "mlp"}
    yield "domain_mismatch", {"kind": "domain_mismatch", "model": "mlp"}
    yield "domain_mismatch groups", {"kind": "domain_mismatch", "model": "marked", "test": {"indices": [0, 1]}, "damping": 0.1,
                                     "groups": [{"name": "bad", "poisoned": True}, {"class": 1}, {"indices": [9, 3]}],
                                     "solver": "direct"}
    yield "domain_mismatch line", {"kind": "domain_mismatch", "model": "line",
                                   "groups": [{"heterogeneous": True}, {"name": "first", "indices": [0, 1]}],
                                   "test": {"mean": True, "split": "train"}}


def networks():
    """The same few jobs on networks with every kind of layer, in both precisions."""
    for model, few in (("net", 60), ("net-precise", 60), ("conv", 100), ("wide", 40), ("lenet", 40), ("cnn", 30), ("small", 20),
                       ("single", 50)):
        steps = {"name": "lsmr", "iterations": 4}
        yield f"evaluate {model} again", {"kind": "evaluate", "model": model, "split": "train"}
        for estimator in ("gif", "fif", "if"):
            yield f"{estimator} on {model}", remove(model, **{"class": 1}, estimator=estimator, solver=steps, hessian_samples=few,
                                                    gradient_samples=few, scales=[1], damping=0.1)
        yield f"gauss-newton on {model}", remove(model, **{"class": 1}, hessian="gauss_newton", solver=steps, hessian_samples=few,
                                                 gradient_samples=few, scales=[0.5], selection="top_gradients")
        yield f"influence on {model}", influence(model, test={"indices": [0, 1, 2]}, damping=1, hessian_samples=few,
                                                 solver={"name": "cg", "iterations": 4}, **LOOSE)
        yield f"perturbation on {model}", influence(model, test={"indices": [1]}, damping=1, hessian_samples=few,
                                                    solver={"name": "minres", "iterations": 3},
                                                    hessian="hessian", influence="perturbation", train={"indices": [0, 2]},
                                                    **LOOSE)
        yield f"own influence on {model}", influence(model, self_influence=True,
                                                     self_solver={"name": "arnoldi", "rank": 3, "complement": "dropped"},
                                                     train={"indices": [0, 1, 5]},
                                                     damping=1, hessian_samples=few, **LOOSE)
        yield f"spectrum of {model}", {"kind": "spectrum", "model": model, "count": 1, "iterations": 12, "hessian_samples": few}
        yield f"validate {model}", {"kind": "validate", "model": model, "test": {"indices": [0]}, "candidates": "random",
                                    "count": 1, "retrain_steps": 2, "norms": True, "damping": 1,
                                    "hessian_samples": few, "solver": {"name": "cg", "iterations": 2}, **LOOSE}
        yield f"domain_mismatch of {model}", {"kind": "domain_mismatch", "model": model, "damping": 1, "hessian_samples": few,
                                              "solver": {"name": "cg", "iterations": 2}, **LOOSE}
    # Millions of parameters: a few products each.
    steps = {"name": "lsmr", "iterations": 2}
    yield "evaluate residual", {"kind": "evaluate", "model": "residual-trained"}
    yield "gif on residual", remove("residual-trained", **{"class": 1}, solver=steps, hessian_samples=4, gradient_samples=4,
                                    scales=[1], damping=0.1)
    yield "evaluate vgg", {"kind": "evaluate", "model": "vgg-trained"}
    yield "gauss-newton on vgg", remove("vgg-trained", **{"class": 1}, solver=steps, hessian="gauss_newton", hessian_samples=4,
                                        gradient_samples=4, scales=[1], damping=0.1)


def others():
    yield "validate", {"kind": "validate", "model": "exact", "test": TWO, "count": 5, "solver": "direct"}
    yield "validate groups", {"kind": "validate", "model": "softmax", "groups": {"count": 3, "fraction": 0.1}, "damping": 0}
    yield "validate lists", {"kind": "validate", "model": "binary", "groups": [[0, 1], [2, 3, 4]], "newton": False,
                             "candidates": {"indices": [5, 6]}}
    yield "validate sizes", {"kind": "validate", "model": "line", "groups": {"count": 2, "size": 5}, "candidates": "random",
                             "count": 4, "norms": True, "solver": "direct"}
    yield "validate scratch", {"kind": "validate", "model": "adam", "from": "scratch", "candidates": "percentile", "count": 3,
                               "norms": False, "damping": 0.1, **LOOSE}
    yield "validate steps", {"kind": "validate", "model": "conv", "count": 3, "retrain_steps": 20, "retrain_rate": 0.5, **GN}
    yield "validate precise", {"kind": "validate", "model": "mlp", "precision": "float64", "count": 2, "retrain_fraction": 0.5,
                               "training": {"epochs": 4, "batch_size": 64}, **GN}
    yield "validate excluding", {"kind": "validate", "model": "excluding", "count": 2, **GN}
    yield "validate edited", {"kind": "validate", "model": "mlp", "checkpoint": "@remove twice", "count": 2, **GN}
    yield "compare", {"kind": "compare", "model": "mlp", "class": 8, "estimator": ["gif", "fif", "if"],
                      "modification_ratio": [0.1, 0.4],
                      "selection": ["top_outputs", "random"], "solver": [{"name": "lsmr", "iterations": 5}, "direct"],
                      "damping": [0, 0.1], "repeats": 2}
    yield "compare recoveries", {"kind": "compare", "model": "marked", "recover": True, "estimator": ["gif", "pif"], "rounds": 1,
                                 "choose_by": "accuracy"}
    yield "trajectory", {"kind": "trajectory", "model": "line", "heterogeneous": True,
                         "parameters": [0, {"tensor": "0.weight", "indices": [1, 2]}], "step": 5}
    yield "trajectory softmax", {"kind": "trajectory", "model": "exact", "class": 2, "parameters": [0, 3], "step": 20,
                                 "order": "random", "seed": 3,
                                 "estimators": ["gif", "fif"], "modes": ["sequential"], "damping": 0.01, "gradient": "newton"}
    yield "trajectory descending", {"kind": "trajectory", "model": "exact", "indices": [1, 8, 3], "parameters": [2],
                                    "order": "descending", "solver": "direct", "damping": 0.1}
    yield "spectrum", {"kind": "spectrum", "model": "mlp", "count": 8, "hessian_samples": 100}
    yield "spectrum losses", {"kind": "spectrum", "model": "adam", "count": 4,
                              "loss": ["cross_entropy", {"name": "hinge", "temperature": 0.5}, "mse"], "l2": [0, 0.01],
                              "hessian": "gauss_newton", "tolerance": 1e-4}
    yield "spectrum density", {"kind": "spectrum", "model": "curve", "count": 3,
                               "density": {"probes": 3, "steps": 10, "points": 20, "width": 0.1}, "seed": 6}
    yield "spectrum retrained", {"kind": "spectrum", "model": "excluding", "count": 3, "l2": [0.01, 0.1], "retrain": True,
                                 "iterations": 200}
    yield "spectrum net", {"kind": "spectrum", "model": "net", "count": 3, "hessian_samples": 50}
    yield "attack", {"kind": "attack", "model": "binary", "test": {"indices": [3]}, "iterations": 4, "epsilon": 0.2,
                     "train": {"count": 3}}
    yield "attack pictures", {"kind": "attack", "model": "softmax", "test": {"pick": "lowest_loss", "count": 2},
                              "train": {"indices": [1, 2]}, "epsilon": 0.1, "step": 0.02, "iterations": 3,
                              "training": {"optimizer": "newton"}, "seed": 2}
    yield "sweep", {"kind": "sweep", "dataset": "iris", "architectures": [{"name": "mlp", "hidden": [3], "activation": "tanh"},
        "logistic"],
                    "weight_decays": [0.01, 0.1], "seeds": 2, "solver": "direct", "count": 3, "retrain_steps": 50,
                    "training": {"learning_rate": 0.05, "schedule": "constant", "epochs": 40, "batch_size": "all",
                                 "validation": 0}}
    yield "sweep float32", {"kind": "sweep", "dataset": "pictures",
                            "architectures": [{"layers": [{"type": "flatten"}, {"type": "linear", "out_features": 3}]}],
                            "seeds": [4, 9], "weight_decays": [0.05], "precision": "float32", "count": 2, "loss": "mse",
                            "training": {"optimizer": "lbfgs", "validation": 0.1}}


def rows():
    """Name, body and final state of every job, in the order in which they are posted."""
    for group in (updates, selections, retrainings, solvers, own_solvers, influences, networks, graphs, others):
        for name, body, *state in group():
            yield name, body, state[0] if state else "succeeded"
