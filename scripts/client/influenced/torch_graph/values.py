"""Values of a graph, and the axis that a sample leaves out.

The trace has a batch of one sample. So the batch is an axis of one place, and every axis of one place may stand for
it. The graph has no batch: each value leaves out one axis of one place, or none. A module may move the batch, or merge
it with other axes (`B·windows`): then the value has all axes of the trace, and a later reshape leaves one out again.
"""

import torch


class Value:
    """A value of the graph.

    - `name`: the node.
    - `shape`: the shape in the trace.
    - `dropped`: the axis of one place that the node's value leaves out, or None.
    - `tensor`: the numbers of a constant.
    """

    def __init__(self, name, shape, dropped=None, tensor=None):
        self.name = name
        self.shape = list(shape)
        self.dropped = dropped
        self.tensor = tensor

    @property
    def rank(self):
        return len(self.shape)

    @property
    def count(self):
        return torch.Size(self.shape).numel()

    @property
    def sizes(self):
        """The shape of the node's value."""
        return [size for axis, size in enumerate(self.shape) if axis != self.dropped]

    def axis(self, dim):
        """The number in the graph, where 0 is the batch, of an axis of the trace that is not left out."""
        dim %= self.rank
        return dim if self.dropped is not None and dim > self.dropped else dim + 1


def batch_axis(shape):
    """The axis that a new value leaves out: the first, where it can."""
    return 0 if len(shape) > 1 and shape[0] == 1 else None


class Graph:
    """Nodes in order, and values under other axes."""

    def __init__(self):
        self.nodes = []
        self.names = {"input"}
        # Names of nodes that were made once and are read again: constants, parameters, and values under other axes.
        self.made = {}

    def node(self, op, name, inputs, **options):
        """Adds a node and returns its name, which may get a number."""
        unique, count = name, 0
        while unique in self.names:
            count += 1
            unique = f"{name}_{count}"
        self.names.add(unique)
        self.nodes.append({"op": op, "name": unique, "inputs": list(inputs), **options})
        return unique

    def leading_to(self, output):
        """The graph of the nodes that an output depends on."""
        read = {output}
        for node in reversed(self.nodes):
            if node["name"] in read:
                read.update(node["inputs"])
        return {"nodes": [node for node in self.nodes if node["name"] in read], "outputs": [output]}

    def once(self, key, make):
        """The name of a node that is made if it is not there."""
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def constant(self, tensor, dropped=None):
        """The value of given numbers."""
        numbers = tensor.detach().double().clamp(-1e30, 1e30).flatten()
        sizes = Value("", tensor.shape, dropped).sizes
        values = numbers[:1].tolist() if numbers.numel() and bool((numbers == numbers[0]).all()) else numbers.tolist()

        def make():
            return self.node("constant", f"constant_{len(self.nodes)}", [], shape=sizes or [1], values=values)

        name = self.once(("constant", tuple(sizes), tuple(values)), make)
        return Value(name, tensor.shape, dropped, tensor)

    def parameter(self, name, shape):
        """The value of a tensor that is trained."""

        def make():
            own = self.node("parameter", name, [], shape=list(shape))
            if own != name:
                self.nodes[-1]["tensor"] = name
            return own

        return Value(self.once(("parameter", name), make), shape)

    def whole(self, value):
        """A value with all axes of the trace."""
        return self.without(value, None)

    def without(self, value, axis):
        """A value that leaves out a given axis of one place; None for no axis."""
        if value.dropped == axis:
            return value
        assert axis is None or value.shape[axis] == 1
        if value.tensor is not None:
            return self.constant(value.tensor, axis)
        name, sizes = value.name, Value("", value.shape, axis).sizes
        if sizes != value.sizes:
            name = self.relabelled(name, value.sizes, sizes)
        return Value(name, value.shape, axis)

    def relabelled(self, name, old, new):
        """A value under sizes that differ by axes of one place."""
        old = list(old)
        axis = 0
        while axis < max(len(old), len(new)):
            if axis < len(old) and axis < len(new) and old[axis] == new[axis]:
                axis += 1
            elif axis < len(old) and old[axis] == 1:
                name = self.axis_node("squeeze", name, axis)
                del old[axis]
            else:
                name = self.axis_node("unsqueeze", name, axis)
                old.insert(axis, 1)
        return name

    def axis_node(self, op, name, axis):
        return self.once((op, name, axis), lambda: self.node(op, f"{name}.{op}", [name], dim=axis + 1))

    def keeping(self, value, dims):
        """A value that leaves out none of some axes."""
        return self.whole(value) if value.dropped in [dim % value.rank for dim in dims] else value

    def shared_axis(self, values, shape):
        """The axis that a result of a shape leaves out if it is broadcast from some values: that of the largest."""
        for value in sorted(values, key=lambda value: -value.count):
            if value.dropped is not None:
                axis = value.dropped + len(shape) - value.rank
                if shape[axis] == 1:
                    return axis
        return None

    def aligned(self, value, rank, axis):
        """An operand of a broadcast result of a rank that leaves out an axis."""
        own = None if axis is None else axis - (rank - value.rank)
        return self.whole(value) if own is None or own < 0 else self.without(value, own)

    def broadcast(self, values, shape):
        """The names of operands for a result of a shape, and the axis that the result leaves out."""
        axis = self.shared_axis(values, shape)
        return [self.aligned(value, len(shape), axis).name for value in values], axis
