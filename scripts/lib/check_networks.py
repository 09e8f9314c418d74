"""Compares networks of torchvision and transformers in a running service with PyTorch: check_networks.py URL [NAME…].

See scripts/check-networks.
"""

import copy
import os
import pathlib
import sys
import tempfile
import time
import warnings

import numpy
import safetensors.torch
import torch

import hessian_products
from networks import CLASSES, NETWORKS
from service_client import run_checks

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "client"))
from influenced.torch_graph import Unsupported, graph_of, tensor_names  # noqa: E402

# The largest difference of two outputs as a share of the largest output, and of two products as a share of the product.
OUTPUTS = 1e-4
PRODUCTS = {"float32": 1e-3, "float64": 1e-8}
SAMPLES = CLASSES
# How often inputs are drawn at most.
DRAWS = 5


class Upload:
    """A model in the service with the weights of a module."""

    def __init__(self, client, name, module, graph, precision, made):
        self.client = client
        self.name = f"{name}-{precision}"
        client.json("POST", "/v1/models", {
            "name": self.name, "dataset": name, "architecture": graph, "precision": precision,
        })  # fmt: skip
        made.append(f"/v1/models/{self.name}")
        with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
            state = module.state_dict(keep_vars=True)
            used = tensor_names(graph, state)
            safetensors.torch.save_file({key: state[key].detach().contiguous() for key in used}, file.name)
            self.checkpoint = client.put_file(f"/v1/models/{self.name}/weights", file.name)["id"]
        # In the service's order.
        self.parameters = [key for key in used if isinstance(state[key], torch.nn.Parameter)]

    def outputs(self):
        job = self.client.json("POST", "/v1/jobs", {
            "kind": "evaluate", "model": self.name, "checkpoint": self.checkpoint,
        })  # fmt: skip
        return self.client.array(f"/v1/jobs/{self.client.finish(job)['id']}/artifacts/outputs.npy")

    def product_difference(self, expected):
        x = hessian_products.solve(self.client, self.name, self.checkpoint, expected[2])
        return hessian_products.difference(expected, x, self.parameters)


def put_dataset(client, name, inputs, labels, made):
    made.append(f"/v1/datasets/{name}")
    for split in ("train", "test"):
        client.put_array(f"/v1/datasets/{name}/{split}/inputs", inputs.numpy().astype(numpy.float32))
        client.put_array(f"/v1/datasets/{name}/{split}/labels", labels.numpy())


def draw(network, module, generator, labels):
    """Inputs, and PyTorch's products on them. Inputs near a kink are drawn again (see `hessian_products.reference`)."""
    for _ in range(DRAWS):
        inputs = network.draw(SAMPLES, generator)
        if not network.has_products:
            return inputs, None
        expected = hessian_products.reference(network, copy.deepcopy(module), inputs, labels)
        if expected[3] <= PRODUCTS["float32"] / 10:
            break
    return inputs, expected


def check(client, name, network, made):
    begin = time.monotonic()
    generator = torch.Generator().manual_seed(0)
    module = network.module(generator)
    labels = torch.arange(SAMPLES) % CLASSES
    inputs, expected = draw(network, module, generator, labels)
    try:
        graph = graph_of(module, inputs[0])
    except Unsupported as fault:
        print(f"  {name:<20} not supported: {fault}", flush=True)
        return False
    known = set(client.json("GET", "/v1")["capabilities"]["layers"])
    missing = [f"{node['op']} at {node['name']}" for node in graph["nodes"] if node["op"] not in known]
    if missing:
        print(f"  {name:<20} not in the service: {'; '.join(missing)}", flush=True)
        return False
    resource = f"network-{name.replace('_', '-')}-{os.getpid()}"[:50]
    put_dataset(client, resource, inputs, labels, made)
    with torch.no_grad():
        theirs = network.outputs(module, inputs).numpy()
    single = Upload(client, resource, module, graph, "float32", made)
    double = Upload(client, resource, module, graph, "float64", made) if network.has_products else None
    del module

    largest = float(numpy.abs(theirs).max())
    difference = float(numpy.abs(single.outputs() - theirs).max()) / largest
    good = difference <= OUTPUTS
    words = f"outputs {difference:.0e} of {largest:.1f}"
    if network.has_products:
        for model, precision in ((single, "float32"), (double, "float64")):
            difference = model.product_difference(expected)
            # Near a kink PyTorch's own product in float32 is another one too.
            own = expected[3] if precision == "float32" else 0
            good &= difference <= max(PRODUCTS[precision], 2 * own)
            words += f", Hv in {precision} {difference:.0e}" + (f" (PyTorch {own:.0e})" if own > PRODUCTS[precision] else "")
    seconds = time.monotonic() - begin
    print(f"  {name:<20} {'ok' if good else 'DIFFERS'}  {words}  ({seconds:.0f} s)", flush=True)
    return good


def main():
    warnings.filterwarnings("ignore")
    url = sys.argv[1]
    title = f"PyTorch {torch.__version__} and the service at {url}: differences as shares, {SAMPLES} samples"
    return run_checks(url, sys.argv[2:], NETWORKS, title, check)


if __name__ == "__main__":
    sys.exit(main())
