"""Compares torchvision's networks in a running service with PyTorch: check_networks.py URL [NAME…].

See scripts/check-networks.
"""

import json
import os
import sys

import numpy
import safetensors.torch
import torch

# Some builds of torchvision come without their kernels, which no classification network needs. The import asks for
# two of them all the same.
for name in ("nms", "qnms"):
    torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
import torchvision  # noqa: E402

from service_client import run_checks  # noqa: E402
from torch_graph import Unsupported, graph_of  # noqa: E402

# Largest difference of two outputs, as a share of the largest output.
TOLERANCE = 1e-4
CLASSES = 10
SAMPLES = 4

# Sizes of pictures, and options, where the standard is another one. Most networks are checked at 64 × 64.
SIZES = {"inception_v3": 96, "vit_h_14": 28, "maxvit_t": 224}
OPTIONS = {
    "googlenet": {"aux_logits": False, "init_weights": True},
    "inception_v3": {"aux_logits": False, "init_weights": True},
    "vit_b_16": {"image_size": 64}, "vit_b_32": {"image_size": 64}, "vit_l_16": {"image_size": 64},
    "vit_l_32": {"image_size": 64}, "vit_h_14": {"image_size": 28},
}  # fmt: skip

NAMES = {name: name for name in torchvision.models.list_models(torchvision.models)}


def randomize(module, generator):
    """Weights and statistics away from their start, with outputs of ordinary size."""
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1, generator=generator)
            layer.running_var.uniform_(0.5, 1.5, generator=generator)
    for name, parameter in module.named_parameters():
        if name.endswith("layer_scale"):
            torch.nn.init.uniform_(parameter, 0.1, 0.5, generator=generator)


def check(client, name, _, made):
    size = SIZES.get(name, 64)
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    module = torchvision.models.get_model(name, weights=None, num_classes=CLASSES, **OPTIONS.get(name, {})).eval()
    with torch.no_grad():
        randomize(module, generator)
    inputs = torch.randn(SAMPLES, 3, size, size, generator=generator)
    try:
        graph = graph_of(module, inputs[0])
    except (Unsupported, NotImplementedError) as fault:
        print(f"  {name:<24} not supported: {fault}")
        return False
    resource = f"network-{name.replace('_', '-')}-{os.getpid()}"[:63]
    labels = numpy.arange(2 * CLASSES) % CLASSES
    made.append(f"/v1/datasets/{resource}")
    train = numpy.zeros((2 * CLASSES, 3, size, size), numpy.float32)
    train[: len(inputs)] = inputs.numpy()
    for split, values, own in (("train", train, labels), ("test", inputs.numpy(), labels[:SAMPLES])):
        client.put_array(f"/v1/datasets/{resource}/{split}/inputs", values)
        client.put_array(f"/v1/datasets/{resource}/{split}/labels", own.astype(numpy.int64))
    client.json("POST", "/v1/models", {"name": resource, "dataset": resource, "architecture": graph})
    made.append(f"/v1/models/{resource}")
    state = {key: value.contiguous().clone() for key, value in module.state_dict().items()}
    answer = client.call(
        "PUT", f"/v1/models/{resource}/weights", safetensors.torch.save(state), "application/octet-stream"
    )
    checkpoint = json.loads(answer)["id"]
    job = client.json("POST", "/v1/jobs", {"kind": "evaluate", "model": resource, "checkpoint": checkpoint})
    ours = client.array(f"/v1/jobs/{client.finish(job)['id']}/artifacts/outputs.npy")
    with torch.no_grad():
        theirs = module(inputs).numpy()
    difference = float(numpy.abs(ours - theirs).max())
    largest = float(numpy.abs(theirs).max())
    good = difference <= TOLERANCE * largest
    print(f"  {name:<24} {size}×{size}  difference {difference:.1e} of {largest:.2f}  {'ok' if good else 'DIFFERS'}")
    return good


def main():
    url = sys.argv[1]
    title = f"torchvision {torchvision.__version__} and the service at {url}: outputs on {SAMPLES} samples"
    return run_checks(url, sys.argv[2:], NAMES, title, check)


if __name__ == "__main__":
    sys.exit(main())
