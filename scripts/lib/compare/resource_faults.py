"""The wrong models and data sets of the comparison, and what is wrong without being a body with faults."""


def layers(*rows):
    return {"name": "wrong", "dataset": "pictures", "architecture": {"layers": list(rows)}}


def conv(**members):
    return {"type": "conv2d", "out_channels": 2, "kernel_size": 3, **members}


END = {"type": "flatten"}, {"type": "linear", "out_features": 3}


def graph(*nodes, outputs=("z",), **members):
    return {"name": "wrong", "dataset": "pictures", "architecture": {"nodes": list(nodes), "outputs": list(outputs), **members}}


def node(name, op, inputs=("input",), **options):
    return {"name": name, "op": op, "inputs": list(inputs), **options}


LAST = node("flat", "flatten"), node("z", "linear", ["flat"], out_features=3)


def graphs():
    """Graphs with faults."""
    yield from (graph(), graph(*LAST, outputs=()), graph(*LAST, outputs=("y",)), graph(*LAST, inputs=5),
                graph(node("a", "gelu", ["b"]), *LAST), graph(*LAST, LAST[1]), graph(node("input", "relu"), *LAST),
                graph(node("a", "sort"), node("b", "unique"), *LAST), graph(node("a", "add", ["input"] * 3), *LAST),
                graph(node("a", "reshape", shape=[7, 9]), *LAST), graph(node("a", "permute", dims=[0, 0, 1, 2]), *LAST),
                graph(node("a", "concat", ["input", "input"], dim=9), *LAST),
                graph(node("a", "embedding", num_embeddings=3, embedding_dim=2), *LAST),
                graph(node("a", "matmul", ["input", "flat"]), *LAST), graph(node("a", "layer_norm", normalized_shape=[3]), *LAST),
                graph(node("a", "multihead_attention", num_heads=3), *LAST),
                graph(node("a", "conv2d", out_channels=2, kernel_size=3, padding=9, padding_mode="reflect"), *LAST),
                graph(node("a", "pad", pad=[1]), *LAST), graph(node("a", "pad", pad=[1, 1], mode="circular", value=2), *LAST),
                graph(LAST[0], {**LAST[1], "tensors": {"weight": 5}}), graph(LAST[0], {**LAST[1], "tensors": {"kernel": "x"}}))


def models():
    """Bodies of POST /v1/models."""
    base = {"name": "wrong", "dataset": "iris", "architecture": "logistic"}
    yield from ({}, [], {"name": "wrong"}, {**base, "name": "No"}, {**base, "name": ""}, {**base, "name": 5},
                {**base, "name": "x" * 101}, ({**base, "name": "mlp"}, 409), ({**base, "dataset": "irish"}, 404),
                {**base, "dataset": "empty"},
                {**base, "dataset": None}, {**base, "architecture": "logistik"}, {**base, "architecture": "xyz"},
                {**base, "architecture": 5}, {**base, "architecture": {}},
                {**base, "architecture": {"name": "mlp", "layers": []}},
                {**base, "architecture": {"name": "mlp", "hidden": [0], "activation": "gelu"}},
                {**base, "architecture": {"name": "mlp", "hidden": 5}}, {**base, "architecture": {"name": "mlp", "width": 5}},
                {**base, "architecture": {"name": "logistic", "outputs": 1}},
                {**base, "architecture": {"name": "logistic", "outputs": 0}},
                {**base, "architecture": {"name": "logistic", "outputs": 1}, "dataset": "two", "loss": "mse"},
                {**base, "architecture": {"name": "resnet18", "stem": "large"}},
                {**base, "architecture": {"name": "cnn", "hidden": [1]}}, {**base, "architecture": "lenet"},
                {**base, "architecture": "vgg11", "dataset": "pictures"},
                {**base, "precision": "float"}, {**base, "precision": 32}, {**base, "seed": -1}, {**base, "seed": 1.5},
                {**base, "weight_decay": -0.1}, {**base, "weight_decay": "small"}, {**base, "loss": "crossentropy"},
                {**base, "loss": {}},
                {**base, "loss": {"name": "hinge", "temperature": -1}}, {**base, "loss": {"name": "mse", "temperature": 1}},
                {**base, "loss": 5}, {**base, "dataset": "points"}, {**base, "training": []},
                {**base, "training": {"epochs": 0, "model": "x"}},
                {**base, "training": {"optimizer": "adagrad"}}, {**base, "training": {"validation": 0.0001}},
                {**base, "training": {"augment": ["flip"]}}, {**base, "train": {}}, {**base, "architectur": "mlp"},
                {**base, "architecture": {"name": "mlp", "hidden": [1000000, 1000000]}},
                {"name": "Bad", "dataset": "pictures", "architecture": {"layers": [{"type": "linear"}]},
                 "training": {"epochs": -1}})
    yield from graphs()
    yield from ({**base, "loss": {"name": "cross_entropy", "label_smoothing": 2}},
                {**base, "loss": {"name": "cross_entropy", "weight": [1, 2]}}, {**base, "loss": "poisson"},
                {**base, "loss": {"name": "huber", "delta": 0}},
                {**base, "dataset": "tokens", "architecture": {"name": "transformer", "vocabulary": 11}},
                {**base, "dataset": "blobs", "architecture": {"name": "transformer", "vocabulary": 11}},
                {**base, "dataset": "next"}, {**base, "dataset": "tags"})
    yield from (layers(), {**base, "architecture": {"layers": 5}}, layers(5), layers({}), layers({"type": "conv3d"}),
                layers({"type": 5}), layers({"type": "lineer"}), layers({"type": "linear"}),
                layers({"type": "linear", "out_features": 0}),
                layers(*END, {"type": "linear", "out_features": 4}),
                layers(END[0], {"type": "linear", "out_features": 3, "in_features": 9}),
                layers(END[0], {"type": "linear", "out_features": 3, "bias": "no", "kernel_size": 1}),
                layers({"type": "conv2d"}, *END), layers(conv(kernel_size=0), *END), layers(conv(kernel_size=[1, 2, 3]), *END),
                layers(conv(kernel_size=[3]), *END), layers(conv(kernel_size=2000), *END), layers(conv(kernel_size=5000), *END),
                layers(conv(kernel_size=9), *END), layers(conv(stride=0), *END), layers(conv(stride=2000), *END),
                layers(conv(padding=-1), *END), layers(conv(padding=2000), *END), layers(conv(padding=5000), *END),
                layers(conv(in_channels=3), *END),
                layers(conv(out_channels=2**31), *END), layers(conv(dilation=0), *END),
                layers(conv(padding_mode="mirror"), *END), layers(conv(padding=9, padding_mode="circular"), *END),
                layers({"type": "batch_norm2d", "num_features": 5}, *END), layers(END[0], {"type": "relu", "p": 1}, END[1]),
                layers({"type": "max_pool2d"}, *END), layers({"type": "max_pool2d", "kernel_size": 16}, *END),
                layers({"type": "max_pool2d", "kernel_size": 2, "padding": 2}, *END),
                layers({"type": "avg_pool2d", "kernel_size": 20, "stride": 0}, *END),
                layers({"type": "avg_pool2d", "kernel_size": 2, "padding": 9}, *END),
                layers({"type": "max_pool2d", "kernel_size": 9}, *END), layers({"type": "adaptive_avg_pool2d"}, *END),
                layers({"type": "adaptive_avg_pool2d", "output_size": [0, 2]}, *END),
                layers({"type": "adaptive_avg_pool2d", "output_size": 5000}, *END),
                layers(END[0], {"type": "dropout", "p": 1}, END[1]), layers(END[0], {"type": "dropout", "p": "half"}, END[1]),
                layers({"type": "residual"}, *END),
                layers({"type": "residual", "layers": []}, *END), layers({"type": "residual", "layers": [conv()]}, *END),
                layers({"type": "residual", "layers": [conv(padding=1)], "shortcut": [{"type": "conv"}]}, *END),
                layers({"type": "residual", "layers": [conv(padding=1, out_channels=3)], "shortcut": [conv(kernel_size=1)]},
                       *END), layers({"type": "residual", "layers": "none", "shortcut": 3}, *END),
                       layers({"type": "linear", "out_features": 3}),
                layers(END[0], conv(), END[1]), layers(END[0], {"type": "max_pool2d", "kernel_size": 2}, END[1]),
                layers({"type": "relu"}), layers({"type": "flatten"}),
                {**base, "architecture": {"layers": [{"type": "relu"}], "name": "mlp"}},
                {**base, "architecture": {"layers": [{"type": "linear", "out_features": 3}], "outputs": 3}})


def datasets():
    """Bodies of POST /v1/datasets: the source of each, or the whole body where it has a name."""
    blobs, line = {"format": "synthetic", "name": "blobs"}, {"format": "synthetic", "name": "linear-regression"}
    several = {"format": "npy", "path": "several", "train_labels": "targets.npy"}
    csv, npy, few = {"format": "csv", "path": "classes.csv", "target": "kind"}, {"format": "npy",
        "path": "arrays"}, {"format": "derived", "of": "few"}
    sources = [
        None, 5, [], {}, {"format": "hdf5"}, {"format": "cvs"}, {"format": 5}, {"format": "builtin"},
        {"format": "builtin", "name": "mnist"}, {"format": "builtin", "name": "iriss", "test": "no"},
        {"format": "builtin", "name": "iris", "test": "half"},
        {"format": "builtin", "name": "iris", "path": "x"}, {"format": "builtin", "name": "iris", "normalization": "scale"},
        {"format": "builtin", "name": "iris", "normalization": 5}, {"format": "builtin", "name": "iris", "normalization": {}},
        {"format": "builtin", "name": "iris", "normalization": {"mean": 0, "standard_deviation": 0}},
        {"format": "builtin", "name": "iris", "normalization": {"mean": [1, 2], "standard_deviation": [1, 1]}},
        {"format": "builtin", "name": "iris", "normalization": {"mean": "x", "standard_deviation": [1], "range": 5}},
        {"format": "builtin", "name": "iris", "normalization": "none", "standardize": True},
        {"format": "synthetic"}, {"format": "synthetic", "name": "moons"}, {**blobs, "samples": 0},
        {**blobs, "samples": -3, "test_samples": -1}, {**blobs, "samples": 2 * 10**9}, {**blobs, "samples": 20_000_000},
        {**blobs, "samples": 1.5},
        {**blobs, "classes": 1}, {**blobs, "dimensions": 0}, {**blobs, "dimensions": 2, "shape": [1, 2, 2]},
        {**blobs, "shape": [1, 2]}, {**blobs, "shape": [0, 2, 2]}, {**blobs, "shape": 5}, {**blobs, "spread": -1},
        {**blobs, "spread": "wide"},
        {**blobs, "seed": -1}, {**blobs, "noise": 0.1}, {**blobs, "samples": 10_000_000, "dimensions": 1000},
        {**line, "noise": -1, "correlation": 1}, {**line, "heterogeneous": 2000}, {**line, "heterogeneous": -1},
        {**line, "dimensions": 10**7, "classes": 2},
        {"format": "csv"}, {**csv, "path": "missing.csv"}, {**csv, "path": "../classes.csv"}, {**csv, "path": "/etc/passwd"},
        {**csv, "path": ""}, {**csv, "path": 5}, {**csv, "target": "kinds"}, {**csv, "target": 99}, {**csv, "target": []},
        {**csv, "target": 1.5}, {**csv, "target": ["a", "b"], "kind": "classes"}, {**csv, "target": True},
        {**csv, "kind": "labels"}, {**csv, "kind": "values"}, {**csv, "header": "yes"}, {**csv, "header": False},
        {**csv, "delimiter": ";;"},
        {**csv, "delimiter": "5"}, {**csv, "delimiter": ""}, {**csv, "delimiter": ";"},
        {**csv, "test_path": "more.csv", "test_fraction": 0.1}, {**csv, "test_fraction": 1}, {**csv, "test_path": "values.csv"},
        {**csv, "ignore": ["e"]}, {**csv, "ignore": {}},
        {**csv, "classes": 1}, {**csv, "classes": 2}, {**csv, "shape": [1, 2, 3]}, {**csv, "shape": [1, 2]},
        {**csv, "path": "ragged.csv"}, {**csv, "standardize": True, "normalization": "none"}, {**csv, "standardize": 1},
        {**csv, "targets": "kind"},
        {"format": "npy"}, {**npy, "train_inputs": "none.npy"}, {**npy, "train_inputs": "cut.npy"},
        {**npy, "train_inputs": "../values.csv"}, {**several, "test_inputs": "train_inputs.npy"},
        {**several, "test_labels": "targets.npy"}, {**npy, "classes": 2},
        {**npy, "classes": 1, "class_names": 5}, {**npy, "class_names": ["a", "a", "b", "c"]}, {**npy, "class_names": ["a"]},
        {**npy, "class_names": [5]}, {**npy, "train_labels": "train_inputs.npy"}, {**several, "kind": "classes"},
        {**several, "classes": 3}, {**npy, "train_labels": "test_labels.npy"},
        {"format": "idx"}, {"format": "idx", "path": "arrays"}, {"format": "idx", "path": "idx", "classes": 2},
        {"format": "idx", "path": "idx", "classes": 300}, {"format": "idx", "path": "idx", "class_names": ["a", "a"]},
        {"format": "idx", "path": "idx", "train_labels": "train-images-idx3-ubyte"},
        {"format": "cifar10"}, {"format": "cifar10", "path": "idx"}, {"format": "cifar10", "path": "cifar", "classes": 10},
        {"format": "upload", "path": "x"}, {"format": "upload", "kind": "x"},
        {"format": "derived"}, {"format": "derived", "of": "Few"}, few, {**few, "classes": []}, {**few, "classes": [1]},
        {**few, "classes": [1, 1]}, {**few, "classes": [1, 30]}, {**few, "classes": 5}, {**few, "take": {}},
        {**few, "take": {"train": 0}}, {**few, "take": {"train": 900}},
        {**few, "take": {"test": 900, "count": 3}}, {**few, "take": 5}, {**few, "relabel": {}},
        {**few, "relabel": {"fraction": 0}}, {**few, "relabel": {"fraction": 2, "seed": -1}}, {**few, "poison": {}},
        {**few, "poison": {"label": 30}}, {**few, "poison": {"label": 1, "trigger": "dot"}},
        {**few, "poison": {"label": 1, "size": 3}}, {**few, "poison": {"label": 1, "trigger": "patch", "amount": 0.1}},
        {**few, "poison": {"label": 1, "trigger": "patch", "size": 30}},
        {**few, "poison": {"label": 1, "fraction": 1, "placement": "before"}},
        {**few, "of": "marked", "poison": {"label": 1}}, {**few, "of": "points", "classes": [0, 1]},
        {**few, "of": "points", "relabel": {"fraction": 0.1}}, {**few, "of": "iris", "poison": {"label": 1}},
        {**few, "of": "empty", "classes": [0, 1]},
        {**few, "path": "x"},
    ]
    yield from ({"name": "wrong", "source": source} for source in sources)
    yield from ({}, [], {"name": "wrong"}, {"source": blobs}, {"name": "W", "source": blobs},
                {"name": "wrong", "source": blobs, "kind": "x"}, ({"name": "digits", "source": blobs}, 409),
                ({"name": "wrong", "source": {"format": "derived", "of": "fewer", "classes": [0, 1]}}, 404))


def others():
    """Method, path, body and header fields of what is wrong without being a body with faults."""
    text = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"{\"a\":1,}", b"{\"a\":1 \"b\":2}", b"[1,2", b"nul", b"01", b"1.", b"1e", b"1e999", b"\"a",
                 b"\"\\x\"", b"\"\\ud800\"", b"{\"a\":1,\"a\":2}", b"{a:1}", b"{} {}", b"\xff\xfe{\x00}\x00", b"\"\xff\"",
                 b"\"\x01\"", b"[" * 200, b"-", b"tru"):
        yield "POST", "/v1/jobs", body, text
    yield "POST", "/v1/jobs", b"{}", {"Content-Type": "text/plain"}
    yield "POST", "/v1/jobs", b"{}", {**text, "Content-Encoding": "gzip"}
    yield "POST", "/v1/jobs", b"{}", {**text, "Idempotency-Key": ""}
    yield "POST", "/v1/jobs?dry=1", b"{}", text
    yield "POST", "/v1/datasets", b"x", text
    yield "POST", "/v1/models", b"x", text
    for path in ("/", "/v1/", "/v2", "/v1/nothing", "/v1/jobs/none", "/v1/jobs/none/result", "/v1/jobs/none/artifacts/x",
                 "/v1/jobs/none/events", "/v1/jobs/#influence/artifacts/none", "/v1/jobs/#influence failing/result",
                 "/v1/checkpoints/none", "/v1/checkpoints/none/weights",
                 "/v1/models/none", "/v1/models/none/weights", "/v1/models/none/checkpoints", "/v1/models/untrained/weights",
                 "/v1/datasets/none", "/v1/datasets/digits/validation/0", "/v1/datasets/digits/train/9999",
                 "/v1/datasets/digits/train/x", "/v1/datasets/digits/train/01",
                 "/v1/datasets/empty/train/0", "/v1/jobs?limit=0", "/v1/jobs?limit=501", "/v1/jobs?limit=x",
                 "/v1/jobs?after=a%20b", "/v1/jobs?state=done", "/v1/jobs?kind=trane", "/v1/jobs?model=No", "/v1/jobs?limits=5",
                 "/v1/jobs?limit=1&limit=2", "/v1/jobs/none?wait=x", "/v1/datasets?x=1", "/v1/models?limit=%2B5", "/v1?x=1",
                 "/openapi.json?x"):
        yield "GET", path, None, {}
    for path in ("/v1", "/v1/jobs", "/v1/models/mlp", "/v1/datasets/digits/train/0", "/v1/jobs/#influence"):
        yield "GET", path, None, {"Accept": "application/xml"}
    yield "GET", "/v1/jobs/#influence/events", None, {"Accept": "text/html"}
    yield "GET", "/v1/jobs/#influence/events", None, {"Last-Event-ID": "x"}
    yield "GET", "/v1/datasets/iris/train/0", None, {"Accept": "image/png"}
    for method, path in (("PATCH", "/v1/jobs"), ("DELETE", "/v1"), ("PUT", "/v1/jobs/x"), ("POST", "/v1/models/mlp"),
                         ("BREW", "/v1"), ("DELETE", "/v1/jobs/none"), ("DELETE", "/v1/models/none"),
                         ("DELETE", "/v1/datasets/none"), ("DELETE", "/v1/datasets/digits"), ("DELETE", "/v1/datasets/few"),
                         ("DELETE", "/v1/checkpoints/none"), ("POST", "/v1/jobs/none/cancel"),
                         ("POST", "/v1/jobs/#influence/cancel"), ("OPTIONS", "/v1/jobs"), ("OPTIONS", "*"),
                         ("HEAD", "/v1/models/mlp")):
        yield method, path, None, {}
    for path, body in (("/v1/datasets/digits/train/inputs", b"x"), ("/v1/datasets/empty/train/images", b"x"),
                       ("/v1/datasets/empty/validation/inputs", b"x"), ("/v1/datasets/No/train/inputs", b"x"),
                       ("/v1/datasets/empty/train/inputs", b"x"), ("/v1/datasets/empty/train/inputs", b"\x93NUMPY\x01\x00"),
                       ("/v1/datasets/empty/train/inputs?classes=3", b"x"), ("/v1/datasets/empty/train/labels?classes=1", b"x"),
                       ("/v1/datasets/empty/train/labels?kind=text", b"x"),
                       ("/v1/datasets/empty/test/inputs?normalization=none", b"x"),
                       ("/v1/datasets/empty/train/inputs?normalization=scale", b"x"),
                       ("/v1/datasets/empty/train/inputs?normalization={", b"x"),
                       ("/v1/datasets/empty/train/labels?class_names=a,a", b"x"),
                       ("/v1/datasets/empty/train/labels?names=a", b"x"), ("/v1/datasets/new-by-put/train/labels", b"PK\x03\x04"),
                       ("/v1/models/first/weights", b"x" * 20), ("/v1/models/first/weights", b"PK\x03\x04" + b"x" * 30),
                       ("/v1/models/first/weights",
                        (50).to_bytes(8, "little") + b"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"),
                        ("/v1/models/first/weights", (2).to_bytes(8, "little") + b"{}"), ("/v1/models/none/weights", b"x"),
                        ("/v1/models/first/weights?x=1", b"x")):
        yield "PUT", path, body, {}
    yield "PUT", "/v1/models/first/weights", b"x", {"Content-Type": "multipart/form-data; boundary=x"}
    yield "PUT", "/v1/models/first/weights", b"x", {"Content-Type": "application/json"}


# Arguments of the program itself.
COMMANDS = [["--help"], ["serve", "--help"], [], ["server"], ["serve", "--prot", "1"], ["serve", "--port", "70000"],
            ["serve", "--log-level", "loud"], ["serve", "--workers"], ["serve", "--memory-limit", "5XB"], ["serve", "extra"],
            ["serve", "--config", "/nonexistent"], ["backup"], ["backup", "/nonexistent/copy", "--database", "/nonexistent/none"],
            ["serve", "--host", "0.0.0.0"]]
