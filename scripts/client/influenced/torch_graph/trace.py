"""Writes the calls of a trace as nodes, one after the other."""

import operator
from typing import Any

import torch

from .attention import self_attentions
from .recorder import Recorder
from .registry import WRITERS, Missing, Unsupported
from .values import Graph, Value, batch_axis


def graph_of(module: Any, sample: Any) -> dict[str, Any]:
    """The graph of a module in evaluation, for samples like `sample`, which has no batch.

    Tensors keep the names of `module.state_dict()`. Of several outputs the first counts. Of the calls that a module
    makes in training alone, `dropout` is written.
    - Raises `Unsupported` with all calls that cannot be written.
    """
    return Writer(module.eval()).write(sample.unsqueeze(0))


def values_of(module: Any, sample: Any) -> dict[str, Any]:
    """The values of a graph's nodes for a sample, by the names of the nodes."""
    writer = Writer(module.eval())
    writer.trace.keeps = True
    writer.write(sample.unsqueeze(0))
    return {value.name: call.meta["kept"] for call, value in writer.values.items() if "kept" in call.meta}


# Calls that give the same numbers.
SAME = {"alias", "detach", "clone", "contiguous", "to", "_to_copy", "lift_fresh_copy", "type_as"}
# Calls that read the shape of an operand alone.
SHAPE_ONLY = {
    "zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full", "new_empty",
}  # fmt: skip
# Checks of the trace itself.
CHECKS = {"_assert_async", "_assert_tensor_metadata", "_assert_scalar", "sym_constrain_range_for_size"}
VIEWS = {
    "view", "reshape", "permute", "transpose", "slice", "select", "unsqueeze", "squeeze", "expand", "flatten",
    "unflatten", "chunk", "split", "split_with_sizes", "unbind", "getitem", "swapaxes", "t", "view_as", "expand_as",
}  # fmt: skip


class Writer(Graph):
    def __init__(self, module):
        super().__init__()
        self.modules = dict(module.named_modules())
        self.parameters = dict(module.named_parameters())
        self.trace = Recorder(module)
        # The results of calls of the trace: a value, a constant, or the name of a tensor of the module.
        self.values = {}
        self.constants = {}
        self.tensors = {}
        # For calls with several results: a function that writes the result of a number.
        self.parts = {}
        # Calls that were written with another one.
        self.written = set()
        self.unsupported = []

    # The walk

    def write(self, batch):
        result = self.trace.run(batch)
        read = self.read_calls(result)
        attentions = self_attentions(self)
        for call in self.trace.graph.nodes:
            if call.op == "placeholder":
                self.placeholder(call)
            elif call not in read:
                continue
            elif call in attentions:
                attentions[call].write(self)
            elif call not in self.written:
                self.call(call)
        if self.unsupported:
            raise Unsupported(list(dict.fromkeys(self.unsupported)))
        value = self.value(result)
        return self.leading_to(self.without(value, batch_axis(value.shape)).name)

    def read_calls(self, result):
        """The calls that a result depends on, and those that write into their operands."""
        read = {result}
        for call in reversed(self.trace.graph.nodes):
            if call in read or self.writes(call):
                read.add(call)
                read.update(call.all_input_nodes)
        return read

    def placeholder(self, call):
        shape = call.meta["val"].shape
        if call in self.trace.tensors:
            self.tensors[call] = self.trace.tensors[call]
            if self.tensors[call] not in self.parameters:
                self.constants[call] = call.meta["val"]
        elif call in self.trace.constants:
            self.constants[call] = call.meta["val"]
        else:
            self.values[call] = Value("input", shape, batch_axis(shape))

    def call(self, call):
        name = self.operation(call)
        if name in CHECKS:
            return
        inputs = call.all_input_nodes
        if name in SHAPE_ONLY or not any(self.varies(argument) for argument in inputs):
            self.fold(call)
            return
        try:
            if name in SAME:
                self.converted(call)
                return
            if name == "zero_":
                self.clear_part(call)
                return
            if name not in WRITERS:
                raise Missing(name)
            if self.writes(call):
                self.require_unread(call, call.args[0])
            WRITERS[name](self, call)
        except Missing as fault:
            self.unsupported.append((str(fault), self.place(call), call.meta["line"]))
            self.stand_in(call)

    @staticmethod
    def operation(call):
        if call.target is operator.getitem:
            return "getitem"
        name = call.target.name() if hasattr(call.target, "name") else str(call.target)
        return name.removeprefix("aten::").split(".")[0]

    def writes(self, call):
        """Whether a call writes into its operand."""
        name = "" if call.op == "placeholder" else self.operation(call)
        return name.endswith("_") and not name.endswith("__")

    @staticmethod
    def place(call):
        """The innermost module that makes a call."""
        path, module, _ = call.meta["modules"][-1]
        return path or type(module).__name__

    def varies(self, call):
        """Whether a result depends on the input or on a parameter."""
        return call in self.values or call in self.parts or call in self.tensors and call not in self.constants

    def fold(self, call):
        """Computes a call of constants."""

        def real(argument):
            if isinstance(argument, torch.fx.Node):
                if argument in self.constants:
                    return self.constants[argument]
                return torch.empty_like(argument.meta["val"])
            if isinstance(argument, (list, tuple)):
                return type(argument)(real(part) for part in argument)
            return argument

        with torch.inference_mode():
            self.constants[call] = call.target(*real(call.args), **{k: real(v) for k, v in call.kwargs.items()})

    def converted(self, call):
        """The same numbers, if the type of the result has them."""
        before, after = call.args[0].meta["val"].dtype, call.meta["val"].dtype
        if after == torch.bool != before:
            value = self.value(call.args[0])
            self.add(call, "not_equal", [value.name], value.dropped, value=0.0)
            return
        if before.is_floating_point and not after.is_floating_point:
            raise Missing(f"a conversion to {str(after).removeprefix('torch.')}")
        self.alias(call, call.args[0])

    def alias(self, call, source):
        if source in self.values:
            self.alias_value(call, self.values[source])
        elif source in self.parts:
            self.parts[call] = self.parts[source]
        else:
            self.tensors[call] = self.tensors[source]

    def alias_value(self, call, value):
        """The result of a call is a value that is there."""
        self.values[call] = Value(value.name, value.shape, value.dropped, value.tensor)

    # Calls that write into their operand. Later calls that read the tensor read the result, because a trace knows
    # tensors by identity. Other views of the same memory are not followed.

    def family(self, call):
        """All views of the memory of a result, from the tensor that has it."""
        while self.is_view(call):
            call = call.args[0]
        members = [call]
        for member in members:
            members += [reader for reader in member.users if self.is_view(reader) and reader.args[0] is member]
        return members

    def is_view(self, call):
        return call.op == "call_function" and self.operation(call) in VIEWS | SAME - {"clone"}

    def require_unread(self, call, written):
        """Refuses a call that writes into a result if other views of its memory are read later."""
        members = [member for member in self.family(written) if member is not written]
        later = set()
        following = call.next
        while following.op != "root":
            later.add(following)
            following = following.next
        if any(reader in later for member in members for reader in member.users):
            raise Missing(f"{self.operation(call)} into a tensor with other views")

    def clear_part(self, call):
        """Zeros at some places of a value: the value that has the places is multiplied by zeros and ones."""
        chain = [call.args[0]]
        while self.is_view(chain[-1]):
            chain.append(chain[-1].args[0])
        base = chain[-1]
        if any(self.writes(reader) for reader in base.users if reader is not call):
            raise Missing("zero_ into a tensor that is written twice")
        self.require_unread(call, base)
        ones = part = torch.ones(base.meta["val"].shape)
        for view in reversed(chain[:-1]):
            part = view.target(part, *view.args[1:], **view.kwargs)
        part.zero_()
        names, axis = self.broadcast([self.value(base), self.constant(ones)], ones.shape)
        self.values[base] = Value(self.node("multiply", self.title(call), names), ones.shape, axis)
        # A copy of a parameter is no longer the parameter.
        self.tensors.pop(base, None)

    def stand_in(self, call):
        """Lets the walk go on behind a call that cannot be written."""
        results = call.meta["val"]
        if isinstance(results, torch.Tensor):
            self.values[call] = Value(call.name, results.shape, batch_axis(results.shape))
        elif isinstance(results, (tuple, list)):
            shapes = [part.shape if isinstance(part, torch.Tensor) else () for part in results]
            self.parts[call] = lambda _, index: Value(call.name, shapes[index], batch_axis(shapes[index]))

    # Operands

    def value(self, argument):
        """An operand as a value. Constants and parameters become nodes."""
        if argument in self.values:
            return self.values[argument]
        if argument in self.constants:
            constant = self.constants[argument]
            if not isinstance(constant, torch.Tensor):
                raise Missing(f"a constant of the type {type(constant).__name__}")
            return self.constant(constant)
        if argument in self.tensors:
            return self.parameter(self.tensors[argument], argument.meta["val"].shape)
        raise Missing(f"a part of {argument}")

    def sample(self, argument):
        """An operand that leaves out its first axis: that of the batch in operations on pictures."""
        value = self.value(argument)
        if value.shape[0] != 1:
            raise Missing("several pictures of one sample")
        return self.without(value, 0)

    def state(self, argument):
        """A tensor of the module."""
        self.tensor(argument)
        return argument.meta["val"]

    def number(self, argument, rank):
        """The number that an operand is for values of a rank; None if it is none."""
        if isinstance(argument, (int, float)):
            return float(argument)
        constant = self.constants.get(argument)
        if isinstance(constant, torch.Tensor) and constant.numel() == 1 and constant.dim() <= rank:
            return float(constant)
        return None

    def tensor(self, argument):
        """The name of a tensor of the module."""
        if argument not in self.tensors:
            raise Missing("weights that are computed")
        return self.tensors[argument]

    def named(self, **arguments):
        """Tensors by their endings, and the name of the node that needs no names for them."""
        tensors = {ending: self.tensor(argument) for ending, argument in arguments.items() if argument is not None}
        first, name = next(iter(tensors.items()), ("", ""))
        owner = name.removesuffix("." + first)
        if not tensors or any(name != f"{owner}.{ending}" for ending, name in tensors.items()):
            owner = None
        return tensors, owner

    # Results

    def add(self, call, op, inputs, dropped, tensors=None, owner=None, traced=None, **options):
        """A node for a call, whose result leaves out an axis."""
        name = self.title(call) if owner is None else owner
        if tensors and (owner is None or name in self.names):
            options["tensors"] = tensors
        traced = call.meta["val"].shape if traced is None else traced
        self.values[call] = Value(self.node(op, name, inputs, **options), traced, dropped)

    def title(self, call):
        """The name of a node: the path of a module of PyTorch's own without parts, or the operation in its module."""
        path, module, _ = call.meta["modules"][-1]
        if path and type(module).__module__.startswith("torch.nn.modules") and not any(module.children()):
            return path
        return (f"{path}." if path else "") + self.operation(call).strip("_")
