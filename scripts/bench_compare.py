"""Times curvature products, gradients and training steps of influence-bench and of PyTorch, alternating.

Each round runs our program once and PyTorch once in a process of its own; the ratio is of the medians over rounds.
PyTorch's Hessian product is its best formulation: the gradient graph is kept and one backward pass goes through it.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

CASES = {
    ("hvp", "vgg11", 256): 0.35,
    ("hvp", "resnet18", 64): 0.35,
    ("hvp", "cnn", 256): 0.5,
    ("gif", "vgg11", 256): 0.25,
    ("gif", "resnet18", 64): 0.25,
    ("gif", "cnn", 256): 0.4,
    ("fif", "vgg11", 256): 0.15,
    ("fif", "resnet18", 64): 0.15,
    ("fif", "cnn", 256): 0.25,
    ("train", "vgg11", 256): 0.5,
    ("train", "resnet18", 64): 0.5,
    ("train", "cnn", 256): 0.8,
    ("gradient", "vgg11", 256): 0.5,
    ("gradient", "resnet18", 64): 0.5,
    ("gradient", "cnn", 256): 0.8,
    ("forward", "vgg11", 256): 0.5,
    ("forward", "resnet18", 64): 0.5,
    ("forward", "cnn", 256): 0.8,
}
# Networks that our program reads as graphs.
GRAPHS = {
    "mobilenet_v2": (64, 0.4), "efficientnet_b0": (64, 0.4), "convnext_tiny": (16, 0.6), "vit_b_16": (16, 0.6),
    "transformer": (32, 0.6),
}  # fmt: skip
for _name, (_batch, _product) in GRAPHS.items():
    CASES |= {("hvp", _name, _batch): _product, ("train", _name, _batch): 0.7, ("forward", _name, _batch): 0.7}


def module(name):
    import torch.nn as nn

    if name == "cnn":
        layers, channels = [], 1
        for out in (32, 64, 128, 256):
            layers += [nn.Conv2d(channels, out, 3, stride=2, padding=1), nn.ReLU()]
            channels = out
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(1024, 10)), (1, 28, 28)
    if name == "vgg11":
        layers, channels = [], 3
        for out in (64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0):
            if out == 0:
                layers.append(nn.MaxPool2d(2))
            else:
                layers += [nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU()]
                channels = out
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10)), (3, 32, 32)
    if name == "resnet18":
        return resnet18(), (1, 28, 28)
    if name == "mlp":
        return nn.Sequential(
            nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
        ), (1, 28, 28)
    return bench_networks().module(name)


def bench_networks():
    sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
    import bench_networks

    return bench_networks


def resnet18():
    import torch.nn as nn

    class Block(nn.Module):
        def __init__(self, i, o, stride):
            super().__init__()
            self.main = nn.Sequential(
                nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(),
                nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o))
            self.shortcut = (
                nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))
                if stride != 1 or i != o else nn.Identity())
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(self.main(x) + self.shortcut(x))

    layers = [nn.Conv2d(1, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    channels = 64
    for stage in range(4):
        for block in range(2):
            out = 64 << stage
            layers.append(Block(channels, out, 2 if stage and not block else 1))
            channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def run_torch(case, name, batch, threads, repeat):
    """Times one case in this process and prints what influence-bench prints."""
    import resource
    import time

    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    net, shape = module(name)
    x = bench_networks().random_inputs(name, batch, shape) if name in GRAPHS else torch.randn(batch, *shape)
    y = torch.randint(0, 10, (batch,))
    loss = torch.nn.CrossEntropyLoss()
    parameters = list(net.parameters())
    net.train(case == "train")
    if case in ("hvp", "gif", "fif"):
        # The fused attention has no second derivative.
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            gradient = torch.autograd.grad(loss(net(x), y), parameters, create_graph=True)
        v = [torch.randn_like(p) for p in parameters]
        products = 2 if case == "gif" else 1

        def body():
            for _ in range(products):
                torch.autograd.grad(gradient, parameters, v, retain_graph=True)
    elif case == "gradient":
        def body():
            torch.autograd.grad(loss(net(x), y), parameters)
    elif case == "forward":
        def body():
            with torch.no_grad():
                net(x)
    elif case == "train":
        optimizer = torch.optim.SGD(parameters, 0.01, momentum=0.9, weight_decay=5e-4)

        def body():
            optimizer.zero_grad()
            loss(net(x), y).backward()
            optimizer.step()
    else:
        raise SystemExit(f"no PyTorch form of the case {case}")
    body()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        body()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({
        "seconds": {"median": statistics.median(seconds)},
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


def call(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", help="comma-separated, such as hvp,train; default: all")
    parser.add_argument("--models", help="comma-separated; default: all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--program", default=".build/release/influence-bench", help="our benchmark")
    parser.add_argument("--torch", nargs=3, metavar=("CASE", "MODEL", "BATCH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.torch:
        case, name, batch = options.torch
        return run_torch(case, name, int(batch), options.threads, options.repeat)
    cases = options.cases.split(",") if options.cases else None
    models = options.models.split(",") if options.models else None
    with tempfile.TemporaryDirectory() as folder:
        compare(options, cases, models, pathlib.Path(folder))


def network_options(name, folder):
    """The options by which influence-bench finds the network."""
    if name not in GRAPHS:
        return ["--model", name]
    graph, inputs = bench_networks().graph(name)
    file = folder / f"{name}.json"
    file.write_text(json.dumps(graph))
    return ["--network", str(file), *inputs]


def compare(options, cases, models, folder):
    print(f"{'case':9} {'model':15} {'batch':>5} {'ours s':>9} {'torch s':>9} {'ratio':>6} {'target':>6} {'memory':>6}")
    for (case, name, batch), target in CASES.items():
        if (cases and case not in cases) or (models and name not in models):
            continue
        ours, theirs = [], []
        network = network_options(name, folder)
        for _ in range(options.rounds):
            shared = ["--threads", str(options.threads), "--repeat", str(options.repeat)]
            ours.append(call([options.program, case, *network, "--batch", str(batch)] + shared))
            theirs.append(call([sys.executable, __file__, "--torch", case, name, str(batch)] + shared))

        def median(runs):
            return statistics.median(run["seconds"]["median"] for run in runs)

        def memory(runs):
            return statistics.median(run["peak_rss_bytes"] for run in runs)

        print(
            f"{case:9} {name:15} {batch:5} {median(ours):9.4f} {median(theirs):9.4f} {median(ours) / median(theirs):6.2f} "
            f"{target:6.2f} {memory(ours) / memory(theirs):6.2f}", flush=True)


if __name__ == "__main__":
    main()
