"""Brings a module of PyTorch to the service: its graph, its weights, and a check that both mean the same."""

from __future__ import annotations

import contextlib
import copy
import json
import re
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy

from .connection import plain
from .dataset import Dataset
from .errors import Fault, InfluencedError, ModelError, ServiceError
from .inputs import Inputs, evaluation
from .losses import loss_of
from .model import Model
from .optional import require
from .weights import array_of, unwrapped

if TYPE_CHECKING:
    from .service import Service


def upload_model(
    service: Service, name: str, net: Any, data: Dataset | str, *, example: Any = None, loss: Any = None,
    weight_decay: float = 0.0, precision: str | None = None, seed: int = 0, check: bool = True, replace: bool = False,
    quiet: bool = False,
) -> Model:  # fmt: skip
    """Sends a module of PyTorch, and returns the model that it makes.

    The module runs once in evaluation, and its operations become a graph. Tensors keep their names. The module itself
    stays as it is. Parameters without `requires_grad` are kept as they are by the service too.

    - `data`: the data set that the module was trained on.
    - `example`: one sample as the module sees it, with or without a batch; by default a sample of the data set. For a
      module of several inputs it is a tuple or a dictionary of batches. A sample of the data set is then one row, with
      all inputs one after the other.
    - `loss`: a name, an object, or a loss of PyTorch; by default cross entropy.
    - `weight_decay`: λ in the risk, mean loss + λ/2·‖θ‖². It is the `weight_decay` of SGD in PyTorch.
    - `precision`: "float32" or "float64"; by default that of the module.
    - `check`: compares the service's outputs on some samples of the data set with the module's, to 1e-4.
    - `replace`: deletes a model of this name, with its jobs, first.
    - Raises `ModelError` with every operation that cannot be sent, or with the place where outputs differ.
    """
    from .differences import compare
    from .torch_graph import tensor_names

    if not isinstance(data, Dataset):
        data = service.dataset(data)
    plain_net, notes = prepared(net)
    precision = precision or precision_of(plain_net)
    inputs = Inputs.of(plain_net, example, data)
    with inputs.joined(plain_net):
        graph = graph_with(plain_net, inputs.sample)
    require_operations(service, graph)
    state = plain_net.state_dict(keep_vars=True)
    names = tensor_names(graph, state)
    freeze(graph, state)
    if replace:
        try:
            service.model(name).delete(jobs=True)
        except ServiceError as error:
            if error.status != 404:
                raise
    model = create(service, name, data, graph, {
        "loss": loss_of(loss), "weight_decay": weight_decay, "precision": precision, "seed": seed})  # fmt: skip
    try:
        checkpoint = model.upload_weights({key: array_of(state[key]) for key in names})
        notes += [*(checkpoint.notes or []), *(checkpoint.warnings or [])]
        if check:
            with inputs.joined(plain_net):
                notes.append(compare(model, plain_net, graph, checkpoint.id, data, inputs))
    except BaseException:
        with contextlib.suppress(InfluencedError):
            service.connection.json("DELETE", f"/v1/models/{quote(name)}")
        raise
    model = service.model(name)
    model.notes = notes
    if not quiet:
        for text in (repr(model), *(f"  {note}" for note in notes)):
            print(text, file=sys.stderr)
    return model


# The module


def prepared(net: Any) -> tuple[Any, list[str]]:
    """The module inside of wrappers, on the processor and in single or double precision, and what was done."""
    torch = require("torch", "upload_model")
    notes = []
    inner = unwrapped(net)
    if not isinstance(inner, torch.nn.Module):
        raise ModelError(f"net must be a module of PyTorch, not {type(inner).__name__}")
    if isinstance(inner, torch.jit.ScriptModule):
        raise ModelError("net is a script: its calls cannot be recorded. Give the module that the script was made of")
    tensors = [*inner.parameters(), *inner.buffers()]
    if any(isinstance(tensor, torch.nn.parameter.UninitializedTensorMixin) for tensor in tensors):
        raise ModelError("net has parameters without a shape: call it with a batch once")
    types = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
    half = types & {torch.float16, torch.bfloat16}
    if half or len(types) > 1 or any(tensor.device.type != "cpu" for tensor in tensors):
        inner = copy.deepcopy(inner).cpu()
        if half or len(types) > 1:
            inner = inner.float()
            notes.append("weights were converted to float32")
    return inner, notes


def precision_of(net: Any) -> str:
    kinds = {str(tensor.dtype) for tensor in net.parameters()}
    return "float64" if kinds == {"torch.float64"} else "float32"


def run(net: Any, batch: Any) -> numpy.ndarray[Any, Any]:
    """The outputs of a module for a batch, one sample at a time: some modules take no more. The first output counts."""
    torch = require("torch", "upload_model")
    tree = require("torch.utils._pytree", "upload_model")
    rows = []
    with evaluation(net), torch.no_grad():
        for index in range(len(batch)):
            leaves = tree.tree_leaves(net(batch[index : index + 1]))
            rows.append(next(leaf for leaf in leaves if isinstance(leaf, torch.Tensor)))
    return array_of(torch.cat(rows))


# The graph


def graph_with(net: Any, sample: Any) -> dict[str, Any]:
    """The graph of a module; an error that lists all that has no form in it."""
    from .torch_graph import Unsupported, graph_of

    try:
        with evaluation(net):
            graph: dict[str, Any] = graph_of(net, sample)
    except Unsupported as fault:
        lines = [f"  {call} in {place}" + (f", {line}" if line else "") for call, place, line in fault.calls]
        if any("parametrizations" in place for _, place, _ in fault.calls):
            lines.append("  torch.nn.utils.parametrize.remove_parametrizations makes plain weights of computed ones")
        raise ModelError("the module has operations that cannot be sent:\n" + "\n".join(lines)) from None
    except InfluencedError:
        raise
    except Exception as error:
        raise ModelError(
            f"the module failed on a sample of the shape {tuple(sample.shape)} and type {sample.dtype}: {error}. "
            "Give a sample that it takes as example=") from error  # fmt: skip
    return graph


def require_operations(service: Service, graph: dict[str, Any]) -> None:
    known = set(service.info().capabilities.json["layers"])
    missing = [f"  {node['op']} in {node['name']}" for node in graph["nodes"] if node["op"] not in known]
    if missing:
        raise ModelError("the module has operations that this service has not:\n" + "\n".join(missing))


def freeze(graph: dict[str, Any], state: dict[str, Any]) -> None:
    """Marks the nodes whose parameters take no gradient. The service freezes a node as a whole."""
    from .torch_graph import tensor_names

    torch = require("torch", "upload_model")
    for node in graph["nodes"]:
        own = [state[name] for name in tensor_names({"nodes": [node]}, state)]
        trained = [tensor.requires_grad for tensor in own if isinstance(tensor, torch.nn.Parameter)]
        if trained and not any(trained):
            node["trainable"] = False
        elif not all(trained):
            raise ModelError(
                f"{node['name']} has parameters with and without requires_grad: freeze all of them, or none"
            )


def create(service: Service, name: str, data: Dataset, graph: dict[str, Any], options: dict[str, Any]) -> Model:
    """Makes the model. A fault of a node is named with the node."""
    body = {"name": name, "dataset": data.name, "architecture": graph,
            **{key: value for key, value in options.items() if value is not None}}  # fmt: skip
    size = len(json.dumps(body, default=plain))
    limit = service.info().limits.json.get("json_bytes")
    if limit is not None and size > limit:
        large = sorted((len(node.get("values", ())), node["name"]) for node in graph["nodes"])[-3:]
        words = ", ".join(f"{node} with {count} numbers" for count, node in reversed(large) if count > 1000)
        raise ModelError(
            f"the graph has {size} bytes, and the service takes {limit}: start it with --json-limit {size // 2**20 + 2}MiB"
            + (f". The largest constants are {words}" if words else ""))  # fmt: skip
    try:
        return Model(service, service.connection.json("POST", "/v1/models", body))
    except ServiceError as error:
        faults = [Fault(readable(fault.pointer, graph), advised(fault.detail)) for fault in error.faults]
        raise ServiceError(error.request, error.status, error.detail, faults) from None


def advised(detail: str) -> str:
    """A fault with what to do, where that is a matter of this package."""
    outputs = re.search(r"the network gives (\d+) values a sample", detail)
    if outputs is None:
        return detail
    return f"{detail}: say classes={outputs[1]} in upload_dataset, or give the module another last layer"


def readable(pointer: str, graph: dict[str, Any]) -> str:
    """A pointer to a node of a graph with the node's name in place of its number."""
    parts = pointer.split("/")
    if parts[1:3] == ["architecture", "nodes"] and len(parts) > 3 and parts[3].isdigit():
        node = graph["nodes"][int(parts[3])]
        return "/".join([f"{node['name']} ({node['op']})", *parts[4:]])
    return pointer
