"""Compares a running service with PyTorch: check_pytorch.py URL [NAME…]. See scripts/check-pytorch."""

import json
import os
import sys

import numpy
import safetensors.torch
import torch

import pytorch_modules as modules
import torchvision_models
from service_client import Failure, run_checks

# Largest difference of two outputs, as a share of the largest output: float32 rounding through the
# deepest of the networks stays well below the first, float64 below the second.
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-10}

LAYERS = [
    {"type": "conv2d", "out_channels": 8, "kernel_size": 3, "padding": 1, "bias": False},
    {"type": "batch_norm2d"},
    {"type": "relu"},
    {"type": "max_pool2d", "kernel_size": 3, "stride": 2, "padding": 1},
    {
        "type": "residual",
        "layers": [
            {"type": "conv2d", "out_channels": 12, "kernel_size": 3, "stride": 2, "padding": 1},
            {"type": "batch_norm2d"},
            {"type": "tanh"},
            {"type": "conv2d", "out_channels": 12, "kernel_size": [1, 3], "padding": 1},
            {"type": "max_pool2d", "kernel_size": [3, 1], "stride": 1},
        ],
        "shortcut": [{"type": "conv2d", "out_channels": 12, "kernel_size": 1, "stride": 2}],
    },
    {"type": "relu"},
    {
        "type": "residual",
        "layers": [
            {"type": "conv2d", "out_channels": 12, "kernel_size": 3, "padding": 1},
            {"type": "tanh"},
        ],
    },
    {"type": "avg_pool2d", "kernel_size": 2, "padding": 1},
    {"type": "dropout", "p": 0.3},
    {"type": "flatten"},
    {"type": "linear", "out_features": 24},
    {"type": "tanh"},
    {"type": "linear", "out_features": 10},
]


class Case:
    def __init__(self, architecture, shape, module, precision="float32", samples=256, vocabulary=None, rate=0.02):
        self.architecture = architecture
        self.shape = shape
        self.module = module
        self.precision = precision
        self.samples = samples
        # Inputs are token ids below this; None for numbers.
        self.vocabulary = vocabulary
        # The learning rate. A training that diverges leaves weights at which float32 has no digits left in PyTorch.
        self.rate = rate


CASES = {
    "mlp": Case("mlp", (12,), modules.mlp),
    "cnn": Case("cnn", (1, 28, 28), modules.cnn),
    "small_cnn": Case("small_cnn", (1, 28, 28), modules.small_cnn),
    "lenet": Case("lenet", (3, 32, 32), modules.LeNet),
    "layers": Case({"layers": LAYERS}, (3, 17, 17), lambda shape: modules.sequential(LAYERS, shape)),
    "layers64": Case(
        {"layers": LAYERS}, (3, 17, 17), lambda shape: modules.sequential(LAYERS, shape), precision="float64"
    ),
    "vgg11": Case("vgg11", (3, 32, 32), modules.VGG11, samples=64),
    "resnet18": Case("resnet18", (1, 28, 28), modules.ResNet18, samples=64),
    "vit_b_16": Case(
        {"name": "vit_b_16", "width": 96, "depth": 3, "heads": 4}, (3, 32, 32), torchvision_models.vit, samples=64
    ),
    "transformer": Case(
        {"name": "transformer", "vocabulary": 30, "width": 32, "causal": True}, (9,), modules.TextTransformer,
        vocabulary=30,
    ),
    "vgg11_torchvision": Case(
        {"name": "vgg11", "form": "torchvision"}, (3, 32, 32), torchvision_models.named("vgg11"), samples=32
    ),
    # Windows of swin_t are padded, moved, and merged from an odd number of rows.
    "swin_t": Case("swin_t", (3, 60, 64), torchvision_models.named("swin_t"), samples=32),
    **{
        name: Case(name, (3, 32, 32), torchvision_models.named(name), samples=32)
        for name in (
            "vgg16_bn", "squeezenet1_1", "densenet121", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x1_0",
            "convnext_tiny",
        )
    },
    "efficientnet_b0": Case(
        "efficientnet_b0", (3, 32, 32), torchvision_models.named("efficientnet_b0"), samples=32, rate=0.002
    ),
}


def outputs(client, model, checkpoint):
    job = client.json("POST", "/v1/jobs", {"kind": "evaluate", "model": model, "checkpoint": checkpoint})
    return client.array(f"/v1/jobs/{client.finish(job)['id']}/artifacts/outputs.npy")


def samples(case, count, generator):
    """Samples of ten classes: a pattern each, and noise."""
    labels = numpy.arange(count) % 10
    if case.vocabulary:
        ids = (labels[:, None] + generator.integers(0, case.vocabulary // 2, size=(count, *case.shape)))
        return ids.astype(numpy.float32), labels.astype(numpy.int64)
    patterns = numpy.random.default_rng(7).normal(size=(10, *case.shape))
    values = patterns[labels] + generator.normal(size=(count, *case.shape))
    dtype = numpy.float64 if case.precision == "float64" else numpy.float32
    return values.astype(dtype), labels.astype(numpy.int64)


def compare(what, case, module, inputs, theirs):
    """Prints and judges the largest difference between the service's outputs and PyTorch's."""
    module.eval()
    with torch.no_grad():
        ours = module(torch.from_numpy(inputs)).numpy()
    if ours.shape != theirs.shape:
        raise Failure(f"{what}: the service gives outputs of shape {theirs.shape}, PyTorch {ours.shape}")
    difference = float(numpy.abs(ours - theirs).max())
    largest = float(numpy.abs(ours).max())
    good = difference <= TOLERANCE[getattr(torch, case.precision)] * largest
    print(f"  {what:<34} largest difference {difference:.1e}, largest output {largest:6.2f}  {'ok' if good else 'DIFFERS'}")
    return good


def check(client, name, case, made):
    generator = numpy.random.default_rng(1)
    dataset = f"pytorch-check-{name.replace('_', '-')}-{os.getpid()}"
    test, test_labels = samples(case, 100, generator)
    train, train_labels = samples(case, case.samples, generator)
    made.append(f"/v1/datasets/{dataset}")
    for split, values, labels in (("train", train, train_labels), ("test", test, test_labels)):
        client.put_array(f"/v1/datasets/{dataset}/{split}/inputs", values)
        client.put_array(f"/v1/datasets/{dataset}/{split}/labels", labels)
    body = {
        "name": dataset, "dataset": dataset, "architecture": case.architecture, "precision": case.precision,
        "seed": 3, "weight_decay": 0.0005,
        "training": {"learning_rate": case.rate, "epochs": 3, "batch_size": 16, "validation": 0},
    }  # fmt: skip
    job = client.json("POST", "/v1/models", body)
    made.append(f"/v1/models/{dataset}")
    trained = client.finish(job)["result"]["checkpoint"]

    torch.manual_seed(0)
    dtype = getattr(torch, case.precision)
    module = case.module(case.shape).to(dtype)
    tensors = safetensors.torch.load(client.call("GET", f"/v1/checkpoints/{trained}/weights"))
    # Strict: every name and shape must be the module's.
    module.load_state_dict(tensors)
    good = compare(f"{name}, trained here", case, module, test, outputs(client, dataset, trained))

    module = case.module(case.shape).to(dtype)
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.2)
                layer.running_var.uniform_(0.5, 2)
                layer.weight.uniform_(0.5, 1.5)
                layer.bias.normal_(0, 0.2)
        # A tensor of one number, such as the zeros of vit's head, would hide others.
        for parameter in module.parameters():
            if parameter.min() == parameter.max():
                parameter.add_(torch.randn_like(parameter), alpha=0.2)
    state = {key: value.contiguous() for key, value in module.state_dict().items()}
    answer = client.call("PUT", f"/v1/models/{dataset}/weights", safetensors.torch.save(state), "application/octet-stream")
    uploaded = json.loads(answer)["id"]
    good &= compare(f"{name}, weights from PyTorch", case, module, test, outputs(client, dataset, uploaded))

    back = safetensors.torch.load(client.call("GET", f"/v1/checkpoints/{uploaded}/weights"))
    same = back.keys() == state.keys() and all(torch.equal(back[key], state[key]) for key in state)
    if not same:
        print(f"  {name}: the uploaded tensors come back changed  DIFFERS")
    return good and same


def main():
    url = sys.argv[1]
    title = f"PyTorch {torch.__version__} and the service at {url}: outputs on 100 test samples"
    return run_checks(url, sys.argv[2:], CASES, title, check)


if __name__ == "__main__":
    sys.exit(main())
