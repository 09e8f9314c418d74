"""Compares a module with its model in the service, and looks for the first node that differs."""

from __future__ import annotations

import os
from typing import Any

import numpy

from .dataset import Dataset
from .errors import InfluencedError, ModelError
from .inputs import Inputs, evaluation
from .model import Model
from .weights import array_of

# The largest difference of two outputs, as a share of the largest output.
TOLERANCE = 1e-4
SAMPLES = 4

Array = numpy.ndarray[Any, Any]


def compare(
    model: Model, net: Any, graph: dict[str, Any], checkpoint: str, data: Dataset, inputs: Inputs
) -> str:  # fmt: skip
    """Compares outputs on some samples. A sentence about it; an error that says where they differ."""
    from .modules import run

    with Probes(data) as probes:
        batch = inputs.batch(probes.values)
        theirs = run(net, batch).reshape(len(batch), -1)
        ours = probes.outputs(model, checkpoint).reshape(len(batch), -1)
        if ours.shape != theirs.shape:
            raise ModelError(f"the module gives {theirs.shape[1]} outputs a sample, the service {ours.shape[1]}")
        largest = max(float(numpy.abs(theirs).max()), 1e-6)
        differences = numpy.abs(ours - theirs)
        worst = float(differences.max()) if numpy.isfinite(differences).all() else float("inf")
        if worst <= TOLERANCE * largest:
            return f"the service's outputs on {len(batch)} samples are the module's, to {worst / largest:.0e}"
        sample, output = numpy.unravel_index(int(numpy.argmax(differences)), differences.shape)
        words = (
            f"the service's outputs are not the module's: sample {sample}, output {output} is {ours[sample, output]:.6g}, "
            f"and {theirs[sample, output]:.6g} in the module")  # fmt: skip
        try:
            where = first_difference(model, net, graph, batch[0], probes)
        except InfluencedError as error:
            where = f"the node that differs first could not be found: {error}"
        raise ModelError(f"{words}; {where}")


class Probes:
    """Some samples of a data set as a set of their own, which is deleted at the end."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.split = "test" if data.count("test") else "train"
        self.count = min(SAMPLES, data.count(self.split))

    def __enter__(self) -> Probes:
        name = f"{self.data.name[:40]}-check-{os.getpid()}"
        take = {split: min(SAMPLES, self.data.count(split)) for split in ("train", "test") if self.data.count(split)}
        self.set = self.data.derive(name, take=take)
        self.values = self.set.values(self.split, range(self.count))
        return self

    def __exit__(self, *_: object) -> None:
        self.set.delete()

    def outputs(self, model: Model, checkpoint: str) -> Array:
        """The outputs of a model for the samples."""
        job = model.evaluate(checkpoint=checkpoint, dataset=self.set, split="test" if self.split == "test" else "train")
        try:
            job.wait(progress=False)
            return job.array("outputs")
        finally:
            if job.ended:
                job.delete()


def first_difference(model: Model, net: Any, graph: dict[str, Any], sample: Any, probes: Probes) -> str:
    """Says which node is the first whose values differ.

    A model that ends at a node and multiplies its values by random numbers is compared with the same product here.
    Half of the nodes are left after each such model.
    """
    from .torch_graph import values_of

    with evaluation(net):
        values = values_of(net, sample)
    nodes = [place for place, node in enumerate(graph["nodes"]) if node["name"] in values]
    low, high = 0, len(nodes) - 1
    while low < high:
        middle = (low + high) // 2
        if agrees(model, net, graph, nodes[middle], values, probes):
            low = middle + 1
        else:
            high = middle
    node = graph["nodes"][nodes[low]]
    words = f"the first node that differs is {node['name']} ({node['op']}, reading {', '.join(node['inputs'])})"
    return f"{words}. Choices that a module makes by values, such as `if x.sum() > 0`, are not recorded"


def agrees(model: Model, net: Any, graph: dict[str, Any], place: int, values: dict[str, Any], probes: Probes) -> bool:
    from .modules import create
    from .torch_graph import tensor_names

    node = graph["nodes"][place]
    expected = array_of(values[node["name"]]).astype("f8").ravel()
    outputs = int(probes.data.info.outputs or probes.data.info.classes or 1)
    matrix = numpy.random.default_rng(0).normal(size=(outputs, expected.size)) / numpy.sqrt(expected.size)
    probe = {
        "nodes": [*graph["nodes"][: place + 1],
                  {"op": "flatten", "name": "probe.flat", "inputs": [node["name"]]},
                  {"op": "linear", "name": "probe", "inputs": ["probe.flat"], "out_features": outputs, "bias": False}],
        "outputs": ["probe"],
    }  # fmt: skip
    probe["nodes"] = leading_to(probe)
    name = f"{model.name[:40]}-probe-{os.getpid()}"
    made = create(
        model.service, name, probes.data, probe, {"precision": model.info.precision, "loss": model.info.json["loss"]}
    )
    try:
        state = net.state_dict(keep_vars=True)
        weights = {key: array_of(state[key]) for key in tensor_names(probe, state)}
        weights["probe.weight"] = matrix.astype("f4")
        checkpoint = made.upload_weights(weights).id
        got = probes.outputs(made, checkpoint)[0].ravel()
    finally:
        made.delete()
    theirs = matrix.astype("f4").astype("f8") @ expected
    return bool(numpy.abs(got - theirs).max() <= TOLERANCE * max(float(numpy.abs(theirs).max()), 1e-6))


def leading_to(graph: dict[str, Any]) -> list[Any]:
    """The nodes that the output of a graph depends on."""
    read = set(graph["outputs"])
    for node in reversed(graph["nodes"]):
        if node["name"] in read:
            read.update(node["inputs"])
    return [node for node in graph["nodes"] if node["name"] in read]
