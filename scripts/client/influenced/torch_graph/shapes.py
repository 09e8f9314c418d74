"""Views, permutations, slices, and values side by side."""

import torch

from .registry import Missing, arguments, writes
from .values import Value, batch_axis


def reshaped(self, call, value, shape):
    """The result of a call as the numbers of a value under another shape."""
    dropped = batch_axis(shape)
    sizes = Value("", shape, dropped).sizes or [1]
    if sizes == value.sizes:
        self.values[call] = Value(value.name, shape, dropped)
    elif [size for size in sizes if size != 1] == [size for size in value.sizes if size != 1]:
        self.values[call] = Value(self.relabelled(value.name, value.sizes, sizes), shape, dropped)
    elif len(sizes) == 1:
        self.add(call, "flatten", [value.name], dropped, traced=shape)
    else:
        self.add(call, "reshape", [value.name], dropped, traced=shape, shape=sizes)


@writes("view", "reshape", "_unsafe_view", "flatten", "unflatten", "view_as", "reshape_as", "squeeze")
def reshape(self, call):
    reshaped(self, call, self.value(call.args[0]), list(call.meta["val"].shape))


@writes("unsqueeze")
def unsqueeze(self, call):
    value = self.value(call.args[0])
    shape = list(call.meta["val"].shape)
    dim = call.args[1] % len(shape)
    if value.dropped is None:
        # The new axis is the one that is left out.
        self.values[call] = Value(value.name, shape, dim)
        return
    dropped = value.dropped + (dim <= value.dropped)
    axis = dim - (dropped < dim)
    self.values[call] = Value(self.axis_node("unsqueeze", value.name, axis), shape, dropped)


def permuted(self, call, dims):
    value = self.value(call.args[0])
    dims = [dim % value.rank for dim in dims]
    dropped = None if value.dropped is None else dims.index(value.dropped)
    order = [value.axis(dim) for dim in dims if dim != value.dropped]
    if order == sorted(order):
        self.values[call] = Value(value.name, call.meta["val"].shape, dropped)
    else:
        self.add(call, "permute", [value.name], dropped, dims=[0] + order)


@writes("permute")
def permute(self, call):
    permuted(self, call, call.args[1])


@writes("transpose", "swapaxes", "swapdims")
def transpose(self, call):
    rank = self.value(call.args[0]).rank
    dims = list(range(rank))
    first, second = call.args[1] % rank, call.args[2] % rank
    dims[first], dims[second] = second, first
    permuted(self, call, dims)


@writes("t")
def transposed_matrix(self, call):
    permuted(self, call, reversed(range(self.value(call.args[0]).rank)))


@writes("expand", "expand_as")
def expand(self, call):
    value = self.value(call.args[0])
    shape = list(call.meta["val"].shape)
    axis = self.shared_axis([value], shape)
    if axis is None and value.dropped is None and len(shape) > value.rank:
        axis = batch_axis(shape)
    own = self.aligned(value, len(shape), axis)
    sizes = Value("", shape, axis).sizes
    if sizes == own.sizes:
        self.values[call] = Value(own.name, shape, axis)
    else:
        self.add(call, "expand", [own.name], axis, sizes=sizes)


@writes("repeat")
def repeat(self, call):
    """Repetitions of axes of one place; others would need several copies."""
    value = self.value(call.args[0])
    counts = list(call.args[1])
    own = [1] * (len(counts) - value.rank) + value.shape
    if all(count == 1 or size == 1 for count, size in zip(counts, own)):
        return expand(self, call)
    raise Missing("repeat of an axis of several places")


@writes("slice")
def slice_along(self, call):
    a = arguments(call)
    value = self.value(a["self"])
    dim = a["dim"] % value.rank
    size = value.shape[dim]
    start, end, _ = slice(a["start"], a["end"]).indices(size)
    if (start, end, a["step"]) == (0, size, 1):
        return self.alias_value(call, value)
    value = self.keeping(value, [dim])
    self.add(call, "slice", [value.name], value.dropped, dim=value.axis(dim), start=start, end=end, step=a["step"])


@writes("select")
def select(self, call):
    value = self.value(call.args[0])
    dim = call.args[1] % value.rank
    select_place(self, call, value, dim, call.args[2])


def select_place(self, call, value, dim, index):
    shape = value.shape[:dim] + value.shape[dim + 1 :]
    if dim == value.dropped:
        self.values[call] = Value(value.name, shape)
        return
    dropped = value.dropped
    if dropped is not None and dim < dropped:
        dropped -= 1
    self.add(call, "select", [value.name], dropped, traced=shape, dim=value.axis(dim), index=index)


@writes("index")
def index(self, call):
    """Places that are given by constants: `x[:, places]`, or `x[places, others]`."""
    value = self.whole(self.value(call.args[0]))
    indices = list(call.args[1])
    axes = [axis for axis, places in enumerate(indices) if places is not None]
    constants = [self.constants.get(indices[axis]) for axis in axes]
    if any(places is None or places.dtype == torch.bool for places in constants):
        raise Missing("index by values")
    if axes != list(range(axes[0], axes[0] + len(axes))):
        raise Missing("index along axes that are apart")
    places = torch.zeros([1], dtype=torch.long)
    for axis, own in zip(axes, constants):
        size = value.shape[axis]
        places = places * size + torch.where(own < 0, own + size, own)
    before, chosen, after = value.shape[: axes[0]], value.shape[axes[0] : axes[-1] + 1], value.shape[axes[-1] + 1 :]
    merged = before + [torch.Size(chosen).numel()] + after
    name = value.name
    if len(axes) > 1:
        name = self.node("reshape", f"{name}.reshape", [name], shape=merged)
    name = self.node("index_select", self.title(call), [name], dim=axes[0] + 1, index=places.flatten().tolist())
    merged[axes[0]] = places.numel()
    reshaped(self, call, Value(name, merged), list(call.meta["val"].shape))


@writes("index_select")
def index_select(self, call):
    places = self.constants.get(call.args[2])
    if places is None:
        raise Missing("index_select by values")
    dim = call.args[1]
    value = self.keeping(self.value(call.args[0]), [dim])
    self.add(call, "index_select", [value.name], value.dropped, dim=value.axis(dim), index=places.flatten().tolist())


def joined(self, call, values, dim):
    """Values side by side along an axis of the trace."""
    dropped = next((value.dropped for value in values if value.dropped not in (None, dim)), None)
    names = [self.without(value, dropped).name for value in values]
    shape = list(call.meta["val"].shape)
    self.add(call, "concat", names, dropped, dim=Value("", shape, dropped).axis(dim))


@writes("cat", "concat", "concatenate")
def cat(self, call):
    a = arguments(call)
    values = [self.value(part) for part in a["tensors"]]
    values = [value for value in values if value.count > 0]
    joined(self, call, values, a["dim"] % values[0].rank)


@writes("stack")
def stack(self, call):
    a = arguments(call)
    dim = a["dim"] % len(call.meta["val"].shape)
    values = []
    for part in a["tensors"]:
        value = self.whole(self.value(part))
        values.append(Value(value.name, value.shape[:dim] + [1] + value.shape[dim:], dim))
    joined(self, call, values, dim)


@writes("chunk", "split", "split_with_sizes", "tensor_split", "unsafe_split", "unsafe_chunk")
def split(self, call):
    source = self.value(call.args[0])
    dim = (arguments(call).get("dim") or 0) % source.rank
    sizes = [int(part.shape[dim]) for part in call.meta["val"]]
    if len(sizes) == 1:
        self.parts[call] = lambda getitem, _: self.alias_value(getitem, source)
        return
    value = self.keeping(source, [dim])

    def part(getitem, index):
        self.add(getitem, "split", [value.name], value.dropped, sizes=sizes, dim=value.axis(dim), index=index)

    self.parts[call] = part


@writes("unbind")
def unbind(self, call):
    value = self.value(call.args[0])
    dim = (arguments(call).get("dim") or 0) % value.rank
    self.parts[call] = lambda getitem, index: select_place(self, getitem, value, dim, index)


@writes("getitem")
def getitem(self, call):
    source, index = call.args
    value = self.parts[source](call, index)
    if value is not None:
        self.values[call] = value


@writes("roll")
def roll(self, call):
    a = arguments(call)
    if not a["dims"]:
        raise Missing("roll of all places")
    value = self.keeping(self.value(a["self"]), a["dims"])
    self.add(call, "roll", [value.name], value.dropped, shifts=list(a["shifts"]),
             dims=[value.axis(dim) for dim in a["dims"]])  # fmt: skip


@writes("flip")
def flip(self, call):
    dims = call.args[1]
    if len(dims) != 1:
        raise Missing("flip along several axes")
    value = self.keeping(self.value(call.args[0]), dims)
    self.add(call, "flip", [value.name], value.dropped, dim=value.axis(dims[0]))


@writes("pad", "constant_pad_nd")
def pad(self, call):
    a = arguments(call)
    options = {}
    if a.get("mode") not in (None, "constant"):
        options["mode"] = a["mode"]
    elif a.get("value"):
        options["value"] = a["value"]
    pairs = list(zip(a["pad"][::2], a["pad"][1::2]))
    value = self.value(a["self"])
    if not any(any(pair) for pair in pairs):
        return self.alias_value(call, value)
    dims = [value.rank - 1 - place for place, pair in enumerate(pairs) if any(pair)]
    value = self.keeping(value, dims)
    numbers = [number for place, pair in enumerate(pairs) if value.rank - 1 - place != value.dropped for number in pair]
    self.add(call, "pad", [value.name], value.dropped, pad=numbers, **options)
