"""Weights between a module of PyTorch and arrays by name."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy

from . import safetensors
from .errors import ModelError
from .optional import has_base, require

# Endings of files that hold a `state_dict` of PyTorch, and where such files keep it.
PICKLED = (".pt", ".pth", ".bin", ".ckpt", ".tar")
INSIDE = ("state_dict", "model_state_dict", "model")


def unwrapped(net: Any) -> Any:
    """The module inside of `DataParallel` and its kin, and of `torch.compile`."""
    while True:
        if has_base(net, "torch.nn.parallel.data_parallel.DataParallel",
                    "torch.nn.parallel.distributed.DistributedDataParallel"):  # fmt: skip
            net = net.module
        elif hasattr(net, "_orig_mod"):
            net = net._orig_mod
        else:
            return net


def array_of(tensor: Any) -> numpy.ndarray[Any, Any]:
    """A tensor, or whatever NumPy takes, as an array. NumPy has no bfloat16: it becomes float32."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu()
        if str(tensor.dtype) == "torch.bfloat16":
            tensor = tensor.float()
        return numpy.asarray(tensor.numpy())
    return numpy.asarray(tensor)


def arrays_of(weights: Any) -> safetensors.Arrays:
    """The arrays of a module, of its `state_dict()`, or of a file of them."""
    if isinstance(weights, (str, pathlib.Path)):
        return read_file(pathlib.Path(weights))
    if hasattr(weights, "state_dict"):
        weights = unwrapped(weights).state_dict()
    if not isinstance(weights, Mapping):
        raise ModelError(f"weights are a module, arrays by name, or a file, not a {type(weights).__name__}")
    return {str(name): array_of(tensor) for name, tensor in weights.items()}


def read_file(path: pathlib.Path) -> safetensors.Arrays:
    if path.suffix not in PICKLED:
        return safetensors.load(path)
    torch = require("torch", f"reading {path.name}")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ModelError(
            f"{path} holds more than weights, and is not read for safety: save net.state_dict() ({error})"
        ) from error
    for name in INSIDE:
        if isinstance(content.get(name), Mapping):
            content = content[name]
    return {str(name): array_of(tensor) for name, tensor in content.items() if hasattr(tensor, "detach")}


def apply(arrays: Mapping[str, numpy.ndarray[Any, Any]], net: Any) -> Any:
    """Copies arrays into the parameters and buffers of a module that have their names.

    A tensor that several names share needs one of them. Types and devices of the module stay.
    """
    torch = require("torch", "apply_to")
    inner = unwrapped(net)
    own = {**dict(inner.named_parameters(remove_duplicate=False)), **dict(inner.named_buffers(remove_duplicate=False))}
    faults = [f"{name} is not in the module" for name in arrays if name not in own]
    for name, array in arrays.items():
        if name in own and tuple(own[name].shape) != array.shape:
            faults.append(
                f"{name} has the shape {list(own[name].shape)} in the module, and {list(array.shape)} in the service"
            )
    given = {id(own[name]) for name in arrays if name in own}
    state = set(inner.state_dict())
    faults += [f"{name} is missing in the service" for name, tensor in own.items()
               if name in state and id(tensor) not in given and not name.endswith("num_batches_tracked")
               and has_part(arrays, name)]  # fmt: skip
    if faults:
        raise ModelError("the weights do not fit the module:\n" + "\n".join(f"  {fault}" for fault in faults))
    with torch.no_grad():
        for name, array in arrays.items():
            own[name].copy_(torch.from_numpy(numpy.array(array)))
    return net


def has_part(arrays: Mapping[str, Any], name: str) -> bool:
    """Whether the layer of a tensor has other tensors among the arrays. Layers that a graph leaves out have none."""
    layer = name.rpartition(".")[0]
    return any(other.rpartition(".")[0] == layer for other in arrays)
