"""Samples as a module of PyTorch takes them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy

from .dataset import Dataset
from .errors import ModelError
from .optional import require


class Inputs:
    """How a sample of a data set becomes the input of a module.

    - `sample`: an example without a batch, in the shape that the service has.
    - `parts`: names (None for a place in the call) and shapes of the inputs, if a sample is not the one input itself.
    """

    def __init__(self, sample: Any, parts: list[tuple[str | None, tuple[int, ...]]] | None = None) -> None:
        self.sample = sample
        self.parts = parts

    @classmethod
    def of(cls, net: Any, example: Any, data: Dataset) -> Inputs:
        """The inputs of a module by an example, or by a sample of the data set."""
        torch = require("torch", "upload_model")
        if isinstance(example, (tuple, list)) and example and not isinstance(example[0], (int, float)):
            return cls.of_several([(None, part) for part in example], data)
        if isinstance(example, Mapping):
            return cls.of_several(list(example.items()), data)
        if example is None:
            return cls.of_batch(net, typed(net, torch.from_numpy(data.values("train", [0]))), data)
        tensor = example if isinstance(example, torch.Tensor) else torch.from_numpy(numpy.asarray(example))
        tensor = tensor.detach().cpu()
        shape, count = tuple(tensor.shape), numpy.prod(data.shape)
        if shape == data.shape or shape[1:] != data.shape and tensor.numel() == count and shape[:1] != (1,):
            tensor = tensor[None]
        elif tensor[:1].numel() != count:
            raise ModelError(f"the example has the shape {shape}, and samples of {data.name} have {data.shape}")
        return cls.of_batch(net, typed(net, tensor[:1]) if tensor.is_floating_point() else tensor[:1], data)

    @classmethod
    def of_batch(cls, net: Any, batch: Any, data: Dataset) -> Inputs:
        """Inputs by a batch of one sample. The service puts an axis before samples of two axes: it may be too many."""
        if data.shape[:1] == (1,) and len(data.shape) == 3 and tuple(batch.shape[1:]) == data.shape:
            if not accepts(net, batch) and accepts(net, batch[:, 0]):
                batch = batch[:, 0]
        return cls.reshaped(batch[0], data)

    @classmethod
    def reshaped(cls, sample: Any, data: Dataset) -> Inputs:
        shape = tuple(sample.shape)
        return cls(sample) if shape == data.shape else cls(sample.reshape(data.shape), [(None, shape)])

    @classmethod
    def of_several(cls, given: list[tuple[str | None, Any]], data: Dataset) -> Inputs:
        torch = require("torch", "upload_model")
        tensors = [(name, torch.as_tensor(part).detach().cpu()[:1]) for name, part in given]
        if len({tensor.is_floating_point() for _, tensor in tensors}) > 1:
            raise ModelError("the inputs must be whole numbers all, or floating-point numbers all: a row has one type")
        row = torch.cat([tensor.flatten() for _, tensor in tensors])
        if (len(row),) != data.shape:
            raise ModelError(
                f"the inputs of a sample have {len(row)} values, and samples of {data.name} have the shape {data.shape}: "
                "a sample must be one row, with all inputs one after the other"
            )
        return cls(row, [(name, tuple(tensor.shape[1:])) for name, tensor in tensors])

    def batch(self, values: numpy.ndarray[Any, Any]) -> Any:
        """Samples of the data set in the type that the module takes."""
        return require("torch", "upload_model").from_numpy(values).to(self.sample.dtype)

    @contextlib.contextmanager
    def joined(self, net: Any) -> Iterator[None]:
        """Lets a module take a sample as the service has it. The names of its tensors stay."""
        if self.parts is None:
            yield
            return
        forward, parts = net.forward, self.parts

        def call(rows: Any) -> Any:
            places, named, begin = [], {}, 0
            for name, shape in parts:
                count = int(numpy.prod(shape))
                part = rows if len(parts) == 1 else rows[:, begin : begin + count]
                part = part.reshape(len(rows), *shape)
                begin += count
                if name is None:
                    places.append(part)
                else:
                    named[name] = part
            return forward(*places, **named)

        net.forward = call
        try:
            yield
        finally:
            del net.forward


@contextlib.contextmanager
def evaluation(net: Any) -> Iterator[None]:
    """Puts a module into evaluation, and each part of it back into the mode that it had."""
    modes = {module: module.training for module in net.modules()}
    net.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def typed(net: Any, batch: Any) -> Any:
    """Samples in the type that a module takes: that of its parameters, or whole numbers for token ids."""
    torch = require("torch", "upload_model")
    floating = batch.to(next((part.dtype for part in net.parameters() if part.is_floating_point()), torch.float32))
    if accepts(net, floating) or not bool((batch == batch.round()).all()):
        return floating
    return batch.long() if accepts(net, batch.long()) else floating


def accepts(net: Any, batch: Any) -> bool:
    """Whether a module takes a sample."""
    torch = require("torch", "upload_model")
    with evaluation(net), torch.no_grad():
        try:
            net(batch[:1])
        except Exception:
            return False
    return True
