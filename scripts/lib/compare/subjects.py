"""The data sets and models of the comparison. All are small; every number in their files is drawn from a fixed seed."""

import os
import random
import struct


def npy(shape, kind, values):
    """The bytes of an .npy file. `kind` is a NumPy type such as "<f8", "<i4" or "|u1"."""
    code = {"<f8": "d", "<f4": "f", "<i4": "i", "|u1": "B"}[kind]
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + struct.pack(f"<{len(values)}{code}", *values)


def points(seed, count, dimensions, classes):
    """Vectors around one centre a class, and their labels."""
    chance = random.Random(seed)
    labels = [place % classes for place in range(count)]
    values = [chance.gauss(label if place % classes == 0 else 0.3 * label * place,
                           0.8) for label in labels for place in range(dimensions)]
    return values, labels


def pixels(seed, count, size, classes):
    """Bytes of pictures whose brightness tells the class a little."""
    chance = random.Random(seed)
    labels = [place % classes for place in range(count)]
    return [min(255, max(0, round(chance.gauss(60 + 20 * label, 40)))) for label in labels for _ in range(size)], labels


def uploads():
    """Path below a data set, query and bytes of the arrays that are uploaded."""
    inputs, labels = pixels(21, 120, 36, 4)
    test_inputs, test_labels = pixels(22, 40, 36, 4)
    values, _ = points(23, 90, 3, 3)
    return {
        "uploaded": [
            ("train/inputs", "?normalization=standardize", npy((120, 1, 6, 6), "|u1", inputs)),
            ("train/labels", "?classes=4&class_names=north,east,south,west", npy((120,), "<i4", labels)),
            ("test/inputs", "", npy((40, 1, 6, 6), "|u1", test_inputs)),
            ("test/labels", "", npy((40,), "<i4", test_labels)),
        ],
        "uploaded-values": [
            ("train/inputs", "", npy((90, 3), "<f8", values)),
            ("train/labels", "?kind=values", npy((90,), "<f8", [sum(values[3 * row:3 * row + 3]) for row in range(90)])),
        ],
    }


def write_files(folder):
    """The files below the data directory."""
    def text(name, rows, delimiter=","):
        with open(os.path.join(folder, name), "w") as file:
            file.writelines(delimiter.join(str(cell) for cell in row) + "\n" for row in rows)

    def binary(name, data):
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)

    values, labels = points(1, 150, 4, 3)
    names = ["low", "middle", "high"]
    rows = [[f"{value:.4f}" for value in values[4 * row:4 * row + 4]] for row in range(150)]
    text("classes.csv", [["a", "b", "c", "d", "kind"]] + [row + [names[label]] for row, label in zip(rows, labels)])
    text("more.csv", [["a", "b", "c", "d", "kind"]] + [row + [names[label]] for row, label in zip(rows[:30], labels)])
    text("values.csv", [row + [f"{float(row[0]) - 2 * float(row[1]):.4f}"] for row in rows], ";")
    text("ragged.csv", [["a", "b", "kind"], [1, 2, "x"], [3, "y"], ["word", 4, "x"]])
    tiles, marks = pixels(2, 60, 16, 2)
    text("tiles.csv", [[f"p{place}" for place in range(16)] + ["label"]] + [tiles[16 * row:16 * row + 16] + [marks[row]] for row in range(60)])

    values, labels = points(3, 120, 5, 4)
    binary("arrays/train_inputs.npy", npy((120, 5), "<f4", values))
    binary("arrays/train_labels.npy", npy((120,), "<i4", labels))
    binary("arrays/test_inputs.npy", npy((20, 5), "<f4", values[:100]))
    binary("arrays/test_labels.npy", npy((20,), "<i4", labels[:20]))
    targets = [value for row in range(120) for value in (values[5 * row] + values[5 * row + 1], values[5 * row + 2])]
    binary("several/train_inputs.npy", npy((120, 5), "<f8", values))
    binary("several/targets.npy", npy((120, 2), "<f8", targets))
    chance = random.Random(31)
    ids = [chance.randrange(12) for _ in range(80 * 6)]
    binary("tokens/train_inputs.npy", npy((80, 6), "<i4", ids))
    binary("tokens/train_labels.npy", npy((80,), "<i4", [ids[6 * row] % 3 for row in range(80)]))
    binary("tokens/next.npy", npy((80, 6), "<i4", [word if place % 6 else -100 for place, word in enumerate(ids)]))
    tags = [float(values[5 * row + place] > 0.5) for row in range(120) for place in range(3)]
    binary("several/tags.npy", npy((120, 3), "<f8", tags))
    binary("arrays/cut.npy", npy((120, 5), "<f4", values)[:-9])

    for part, seed, count in (("train", 4, 80), ("t10k", 5, 30)):
        dots, labels = pixels(seed, count, 49, 3)
        binary(f"idx/{part}-images-idx3-ubyte", struct.pack(">4i", 0x803, count, 7, 7) + bytes(dots))
        binary(f"idx/{part}-labels-idx1-ubyte", struct.pack(">2i", 0x801, count) + bytes(labels))
    for number in range(1, 7):
        dots, labels = pixels(10 + number, 20, 3072, 10)
        records = b"".join(bytes([label]) + bytes(dots[3072 * row:3072 * row + 3072]) for row, label in enumerate(labels))
        binary(f"cifar/{f'data_batch_{number}' if number < 6 else 'test_batch'}.bin", records)


def derived(base, **changes):
    return {"format": "derived", "of": base, **changes}


def blobs(**options):
    return {"format": "synthetic", "name": "blobs", **options}


DATASETS = {
    "digits": {"format": "builtin", "name": "digits"},
    "iris": {"format": "builtin", "name": "iris"},
    "iris-whole": {"format": "builtin", "name": "iris", "test": "none", "normalization": "none"},
    "few": derived("digits", take={"train": 300, "test": 100, "seed": 3}),
    "two": derived("iris", classes=[1, 2]),
    "three": derived("digits", classes=[8, 3, 5], normalization={"mean": 0.3, "standard_deviation": 0.4}),
    "flipped": derived("few", relabel={"fraction": 0.1, "seed": 2}),
    "marked": derived("few", poison={"trigger": "patch", "size": 2, "fraction": 0.1, "label": 4}),
    "checked": derived("three", poison={"amount": 0.5, "fraction": 0.2, "label": 1, "placement": "append", "seed": 9}),
    "together": derived("digits", classes=[0, 1, 2], take={"train": 150}, relabel={"fraction": 0.2}, normalization="none"),
    "blobs": blobs(dimensions=4, samples=200, test_samples=60, spread=1.0),
    "pictures": blobs(shape=[1, 8, 8], samples=150, test_samples=50, spread=1.5, seed=1),
    "colours": blobs(shape=[3, 12, 12], samples=60, test_samples=20, spread=1.0, normalization="standardize"),
    "large": blobs(shape=[1, 28, 28], classes=4, samples=90, test_samples=30, spread=2.0),
    "points": {"format": "synthetic", "name": "linear-regression", "samples": 100, "heterogeneous": 20, "dimensions": 4,
               "seed": 5},
    "noisy": {"format": "synthetic", "name": "linear-regression", "samples": 60, "test_samples": 0, "noise": 0.5,
              "correlation": 0.9},
    "table": {"format": "csv", "path": "classes.csv", "target": "kind", "test_fraction": 0.25, "seed": 4},
    "table-ignored": {"format": "csv", "path": "classes.csv", "target": "kind", "ignore": ["b", 2], "test_path": "more.csv",
                      "normalization": "standardize"},
    "table-values": {"format": "csv", "path": "values.csv", "header": False, "delimiter": ";", "target": 4, "kind": "values",
                     "standardize": True},
    "tiles": {"format": "csv", "path": "tiles.csv", "shape": [1, 4, 4], "kind": "classes", "test_fraction": 0},
    "arrays": {"format": "npy", "path": "arrays", "test_inputs": "test_inputs.npy", "test_labels": "test_labels.npy",
               "classes": 5, "class_names": ["a", "b", "c", "d", "e"]},
    "arrays-values": {"format": "npy", "path": "several", "train_labels": "targets.npy", "kind": "values"},
    "tokens": {"format": "npy", "path": "tokens", "normalization": "none"},
    "next": {"format": "npy", "path": "tokens", "train_labels": "next.npy", "classes": 12, "normalization": "none"},
    "tags": {"format": "npy", "path": "several", "train_labels": "tags.npy", "kind": "values"},
    "idx": {"format": "idx", "path": "idx", "class_names": ["dark", "grey", "bright"]},
    "cifar": {"format": "cifar10", "path": "cifar"},
    "uploaded": {"format": "upload"},
    "uploaded-values": {"format": "upload", "normalization": "none"},
    "empty": {"format": "upload"},
}

SGD = {"epochs": 8, "batch_size": 32, "learning_rate": 0.05, "validation": 0.1}
EXACT = {"optimizer": "newton", "validation": 0}
LBFGS = {"optimizer": "lbfgs", "validation": 0.1}

LAYERS = [
    {"type": "conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1, "bias": False},
    {"type": "batch_norm2d"}, {"type": "relu"},
    {"type": "residual", "layers": [{"type": "conv2d", "out_channels": 6, "kernel_size": [3, 3], "stride": 2, "padding": 1},
                                    {"type": "batch_norm2d", "num_features": 6}, {"type": "tanh"}],
     "shortcut": [{"type": "conv2d", "out_channels": 6, "kernel_size": 1, "stride": 2}]},
    {"type": "residual", "layers": [{"type": "conv2d", "out_channels": 6, "kernel_size": 3, "padding": 1, "in_channels": 6},
                                    {"type": "relu"}]},
    {"type": "max_pool2d", "kernel_size": 2, "stride": 1}, {"type": "avg_pool2d", "kernel_size": [2, 2], "stride": 1,
                                                            "padding": 1},
    {"type": "adaptive_avg_pool2d", "output_size": [2, 2]}, {"type": "flatten"}, {"type": "dropout", "p": 0.2},
    {"type": "linear", "out_features": 5, "in_features": 24}, {"type": "tanh"},
    {"type": "linear", "out_features": 3, "bias": False},
]
PLAIN_LAYERS = [
    {"type": "conv2d", "out_channels": 3, "kernel_size": 3}, {"type": "tanh"},
    {"type": "avg_pool2d", "kernel_size": 2}, {"type": "flatten"}, {"type": "linear", "out_features": 3},
]

# Kernels, strides and paddings of every small size, and channels that are no multiple of a vector.
WIDE_LAYERS = [
    {"type": "conv2d", "out_channels": 17, "kernel_size": 5, "padding": 2}, {"type": "relu"},
    {"type": "max_pool2d", "kernel_size": 2},
    {"type": "conv2d", "out_channels": 33, "kernel_size": [1, 3], "padding": 1, "stride": 1, "bias": False},
    {"type": "batch_norm2d"}, {"type": "relu"},
    {"type": "conv2d", "out_channels": 9, "kernel_size": 2, "stride": 2}, {"type": "tanh"},
    {"type": "avg_pool2d", "kernel_size": [2, 1], "stride": 1},
    {"type": "flatten"}, {"type": "linear", "out_features": 19}, {"type": "relu"}, {"type": "linear", "out_features": 4},
]

# Groups, gates, windows with borders, attention over places, norms, and a tensor that two nodes share.
GRAPH = {"nodes": [
    {"name": "a", "op": "conv2d", "inputs": ["input"], "out_channels": 8, "kernel_size": 3, "padding": 1,
     "padding_mode": "reflect"},
    {"name": "b", "op": "batch_norm2d", "inputs": ["a"]}, {"name": "c", "op": "silu", "inputs": ["b"]},
    {"name": "d", "op": "conv2d", "inputs": ["c"], "out_channels": 8, "kernel_size": 3, "padding": "same", "dilation": 2,
     "groups": 8},
    {"name": "e", "op": "mean", "inputs": ["d"], "dim": [2, 3], "keepdim": True},
    {"name": "f", "op": "hardsigmoid", "inputs": ["e"]}, {"name": "g", "op": "multiply", "inputs": ["d", "f"]},
    {"name": "h", "op": "add", "inputs": ["g", "c"]},
    {"name": "i", "op": "max_pool2d", "inputs": ["h"], "kernel_size": 3, "stride": 2, "ceil_mode": True},
    {"name": "j", "op": "flatten", "inputs": ["i"], "start_dim": 2},
    {"name": "k", "op": "transpose", "inputs": ["j"], "dim0": 1, "dim1": 2},
    {"name": "l", "op": "layer_norm", "inputs": ["k"], "normalized_shape": [8]},
    {"name": "m", "op": "multihead_attention", "inputs": ["l"], "num_heads": 2},
    {"name": "n", "op": "add", "inputs": ["k", "m"]},
    {"name": "o", "op": "linear", "inputs": ["n"], "out_features": 8}, {"name": "p", "op": "gelu", "inputs": ["o"]},
    {"name": "q", "op": "linear", "inputs": ["p"], "out_features": 8,
     "tensors": {"weight": "o.weight", "bias": "o.bias"}},
    {"name": "r", "op": "mean", "inputs": ["q"], "dim": [1]},
    {"name": "s", "op": "linear", "inputs": ["r"], "out_features": 3},
], "outputs": ["s"]}


def chain():
    """A network with the operations that `GRAPH` has not. Each node reads the one before, if nothing else is said."""
    nodes = []

    def add(op, inputs=None, **options):
        inputs = inputs or ([nodes[-1]["name"]] if nodes else ["input"])
        nodes.append({"name": f"n{len(nodes)}", "op": op, "inputs": inputs, **options})
        return nodes[-1]["name"]

    add("upsample", scale_factor=2)
    add("conv_transpose2d", out_channels=4, kernel_size=3, stride=2, output_padding=1)
    add("group_norm", num_groups=2)
    add("adaptive_max_pool2d", output_size=6)
    add("instance_norm", affine=True)
    add("dropout2d", p=0.1)
    add("stochastic_depth", p=0.1)
    picture = add("prelu")
    add("flatten", start_dim=2)
    add("conv1d", out_channels=6, kernel_size=3, padding=1, padding_mode="circular")
    add("batch_norm1d")
    add("max_pool1d", kernel_size=2)
    add("avg_pool1d", kernel_size=3, stride=1)
    add("adaptive_avg_pool1d", output_size=8)
    sequence = add("dropout1d", p=0.1)
    for op in ("sigmoid", "elu", "selu", "mish", "hardswish", "relu6", "hardtanh", "sin", "cos", "erf", "softsign", "logsigmoid",
               "softshrink", "hardshrink", "tanhshrink", "celu", "neg", "abs"):
        add("add", [add(op, [sequence]), nodes[-1]["name"]])
    add("clamp", min=-3, max=3)
    positive = add("add", [add("pow", exponent=2)], value=1)
    for op in ("log", "sqrt", "rsqrt", "reciprocal", "exp"):
        add("add", [add(op, [positive]), positive])
    add("divide", [nodes[-1]["name"], positive])
    rows = add("permute", dims=[0, 2, 1])
    add("gru", hidden_size=6)
    add("rms_norm", normalized_shape=[6])
    heads = add("unsqueeze", dim=1)
    add("expand", sizes=[2, 8, 6])
    add("scaled_dot_product_attention", [nodes[-1]["name"]] * 3, is_causal=True)
    add("sum", dim=[1])
    add("subtract", [nodes[-1]["name"], add("squeeze", [heads], dim=1)])
    scores = add("softmax", [add("matmul", [nodes[-1]["name"], rows], transpose_b=True)], dim=2)
    add("masked_fill", [scores, add("less", [scores], value=0.05)], value=0)
    add("logical_or", [add("not_equal", [scores], value=1), add("less_equal", [scores], value=0.2)])
    add("multiply", [nodes[-1]["name"], add("greater_equal", [scores], value=0.01)])
    add("where", [add("logical_and", [add("greater", [scores], value=0.1),
                                      add("logical_not", [add("equal", [scores], value=1)])]), scores, nodes[-1]["name"]])
    add("log_softmax", dim=1)
    mixed = add("maximum", [nodes[-1]["name"], add("minimum", [scores], value=0.5)])
    parts = [add(op, [mixed], dim=[2]) for op in ("amax", "amin", "logsumexp", "var", "std", "norm")]
    parts += [add("select", [add(op, [mixed], dim=2)], dim=2, index=-1) for op in ("cumsum", "glu")]
    parts.append(add("select", [add("roll", [add("chunk", [mixed], chunks=2, dim=1, index=1)], shifts=[1], dims=[1])], dim=1, index=0))
    parts.append(add("reshape", [add("slice", [picture], dim=3, start=1, end=5, step=3)], shape=[-1]))
    parts.append(add("index_select", [parts[0]], dim=1, index=[3, 0, 0]))
    parts.append(add("multiply", [add("pad", [parts[1]], pad=[0, 1], mode="reflect")], value=0.5))
    for op in ("floor", "ceil", "round", "sign"):
        parts.append(add("multiply", [parts[0], add(op, [parts[2]])]))
    add("concat", parts, dim=1)
    add("linear", out_features=3)
    return {"nodes": nodes, "outputs": [nodes[-1]["name"]]}


FROZEN = {"layers": [
    {"type": "flatten"}, {"type": "linear", "out_features": 8, "trainable": False}, {"type": "leaky_relu"},
    {"type": "linear", "out_features": 6, "name": "head"}, {"type": "softplus"}, {"type": "linear", "out_features": 10},
]}

# A model with `training` is answered with the job that trains it; one without gets its first weights at once.
MODELS = {
    "mlp": {"dataset": "few", "architecture": {"name": "mlp", "hidden": [12]}, "weight_decay": 0.001, "seed": 7, "training": SGD},
    "twin": {"dataset": "few", "architecture": {"name": "mlp", "hidden": [9]}, "weight_decay": 0.001, "seed": 8, "training": SGD},
    "softmax": {"dataset": "few", "architecture": "logistic", "weight_decay": 0.01, "training": LBFGS},
    "softmax-large": {"dataset": "digits", "architecture": "logistic", "weight_decay": 0.1, "training": {"epochs": 1}},
    "exact": {"dataset": "iris", "architecture": "logistic", "weight_decay": 0.01, "precision": "float64", "training": EXACT},
    "adam": {"dataset": "blobs", "architecture": {"name": "mlp", "hidden": [8, 6], "activation": "tanh"}, "weight_decay": 0.002,
             "training": {"optimizer": "adam", "betas": [0.8, 0.99], "epsilon": 1e-7, "learning_rate": 0.01, "epochs": 12,
                          "batch_size": 50, "schedule": {"name": "step", "every": 5, "factor": 0.5}, "validation": 0.2}},
    "excluding": {"dataset": "blobs", "architecture": {"name": "mlp", "hidden": [6]}, "precision": "float64",
                  "weight_decay": 0.005,
                  "training": {"momentum": 0.8, "nesterov": True, "schedule": {"name": "cosine", "warmup": 2}, "epochs": 10,
                               "batch_size": "all", "validation": 0, "exclude": {"indices": [3, 5, 8]}}},
    "hinge": {"dataset": "two", "architecture": "logistic", "loss": {"name": "hinge", "temperature": 0.1}, "precision": "float64",
              "weight_decay": 0.02, "training": {"optimizer": "lbfgs", "history": 7, "validation": 0}},
    "hinge-many": {"dataset": "iris", "architecture": {"name": "mlp", "hidden": [5]}, "loss": "hinge", "weight_decay": 0.01,
                   "training": SGD},
    "binary": {"dataset": "two", "architecture": {"name": "logistic", "outputs": 1}, "precision": "float64", "weight_decay": 0.01,
               "training": EXACT},
    "squares": {"dataset": "iris", "architecture": "linear", "loss": "mse", "weight_decay": 0.01, "training": LBFGS},
    "line": {"dataset": "points", "architecture": "linear", "loss": "mse", "precision": "float64", "weight_decay": 0.001,
             "training": EXACT},
    "curve": {"dataset": "points", "architecture": {"name": "mlp", "hidden": [6], "activation": "tanh"}, "loss": "mse",
              "weight_decay": 0.001, "training": {"optimizer": "adam", "learning_rate": 0.01, "epochs": 20, "batch_size": 25}},
    "net": {"dataset": "pictures", "architecture": {"layers": LAYERS}, "weight_decay": 0.001,
            "training": {"epochs": 6, "batch_size": 25, "learning_rate": 0.02, "augment": ["flip", "crop"], "validation": 0.2}},
    "conv": {"dataset": "pictures", "architecture": {"layers": PLAIN_LAYERS}, "precision": "float64", "weight_decay": 0.01,
             "training": {"epochs": 10, "batch_size": 30, "schedule": "constant", "validation": 0.1}},
    "lenet": {"dataset": "large", "architecture": "lenet", "weight_decay": 0.001, "training": {"epochs": 2, "batch_size": 30}},
    "cnn": {"dataset": "large", "architecture": "cnn", "training": {"epochs": 1, "batch_size": 45, "learning_rate": 0.01}},
    "small": {"dataset": "cifar", "architecture": "small_cnn", "training": {"epochs": 1, "batch_size": 20, "augment": ["flip"]}},
    "flipped": {"dataset": "flipped", "architecture": "logistic", "weight_decay": 0.01,
                "training": {"optimizer": "lbfgs", "validation": 0}},
    "marked": {"dataset": "marked", "architecture": {"name": "mlp", "hidden": [10]}, "weight_decay": 0.001, "training": SGD},
    "checked": {"dataset": "checked", "architecture": {"name": "mlp", "hidden": [6]}, "weight_decay": 0.001, "training": SGD},
    "tables": {"dataset": "table", "architecture": "logistic", "weight_decay": 0.05, "training": EXACT},
    "table-values": {"dataset": "table-values", "architecture": "linear", "loss": "mse", "weight_decay": 0.01, "training": EXACT},
    "arrays": {"dataset": "arrays", "architecture": {"name": "mlp", "hidden": [4]}, "weight_decay": 0.01, "training": SGD},
    "arrays-values": {"dataset": "arrays-values", "architecture": "linear", "loss": "mse", "weight_decay": 0.1,
                      "training": LBFGS},
    "uploaded": {"dataset": "uploaded", "architecture": {"name": "mlp", "hidden": [8]}, "weight_decay": 0.01, "training": SGD},
    "idx": {"dataset": "idx", "architecture": "logistic", "weight_decay": 0.01, "training": LBFGS},
    "first": {"dataset": "few", "architecture": {"name": "mlp", "hidden": [12]}, "seed": 11},
    "plain": {"dataset": "few", "architecture": {"name": "mlp", "hidden": [5]}, "seed": 12},
    "separable": {"dataset": "tiles", "architecture": "logistic", "training": {"optimizer": "lbfgs", "epochs": 30,
        "validation": 0}},
    "single": {"dataset": "pictures",
               "architecture": {"layers": [{"type": "flatten"}, {"type": "batch_norm2d"}, {"type": "linear", "out_features": 3}]},
               "training": {"epochs": 2, "batch_size": 20}},
    "residual": {"dataset": "colours", "architecture": {"name": "resnet18", "stem": "small"}},
    "residual-trained": {"dataset": "colours", "architecture": "resnet18", "weight_decay": 0.001,
                         "training": {"epochs": 1, "batch_size": 20, "learning_rate": 0.01}},
    "vgg": {"dataset": "cifar", "architecture": "vgg11", "seed": 2},
    "vgg-trained": {"dataset": "cifar", "architecture": "vgg11", "weight_decay": 0.001,
                    "training": {"epochs": 1, "batch_size": 50, "learning_rate": 0.01, "exclude": {"indices": [0]}}},
    "net-precise": {"dataset": "pictures", "architecture": {"layers": LAYERS}, "precision": "float64", "weight_decay": 0.001,
                    "loss": "mse",
                    "training": {"optimizer": "adam", "epochs": 3, "batch_size": 30, "learning_rate": 0.005, "validation": 0}},
    "graph": {"dataset": "pictures", "architecture": GRAPH, "weight_decay": 0.001,
              "loss": {"name": "cross_entropy", "label_smoothing": 0.1, "weight": [1, 2, 0.5]},
              "training": {"epochs": 4, "batch_size": 25, "learning_rate": 0.02}},
    "chain": {"dataset": "pictures", "architecture": chain(), "weight_decay": 0.001, "precision": "float64",
              "training": {"epochs": 2, "batch_size": 25, "learning_rate": 0.005}},
    "graph-precise": {"dataset": "pictures", "architecture": GRAPH, "precision": "float64", "weight_decay": 0.01,
                      "training": {"optimizer": "adam", "epochs": 2, "batch_size": 30, "learning_rate": 0.01}},
    "reader": {"dataset": "tokens", "architecture": {"name": "transformer", "vocabulary": 12, "width": 8, "depth": 2, "heads": 2},
               "weight_decay": 0.001, "training": {"optimizer": "adam", "epochs": 4, "learning_rate": 0.01, "batch_size": 20}},
    "writer": {"dataset": "next", "weight_decay": 0.001,
               "architecture": {"name": "transformer", "vocabulary": 12, "width": 8, "depth": 1, "heads": 2, "causal": True},
               "training": {"epochs": 3, "batch_size": 20}},
    "recurrent": {"dataset": "tokens", "precision": "float64", "weight_decay": 0.01, "architecture": {"layers": [
        {"type": "embedding", "num_embeddings": 12, "embedding_dim": 4},
        {"type": "lstm", "hidden_size": 5, "output": "last"}, {"type": "linear", "out_features": 3}]},
        "training": {"optimizer": "lbfgs", "epochs": 30}},
    "tagger": {"dataset": "tags", "loss": {"name": "binary_cross_entropy", "pos_weight": [1, 2, 3]}, "weight_decay": 0.01,
               "architecture": {"name": "mlp", "hidden": [6], "activation": "tanh"}, "training": LBFGS},
    "robust": {"dataset": "points", "architecture": "linear", "loss": {"name": "huber", "delta": 0.5}, "weight_decay": 0.001,
               "training": LBFGS},
    "counter": {"dataset": "tags", "architecture": "linear", "loss": "poisson", "weight_decay": 0.1, "training": LBFGS},
    "frozen": {"dataset": "few", "architecture": FROZEN, "weight_decay": 0.001, "training": SGD},
    "wide": {"dataset": "uploaded", "architecture": {"layers": WIDE_LAYERS}, "weight_decay": 0.001,
             "loss": {"name": "hinge", "temperature": 0.5},
             "training": {"epochs": 3, "batch_size": 24}},
}
