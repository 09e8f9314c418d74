"""Conditions, choices by them, extremes, and functions with steps."""

import torch

from .arithmetic import along, binary, reduction
from .functions import point
from .registry import Missing, arguments, writes
from .values import Value

for theirs, ours in {
    "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    "logical_and": "logical_and", "logical_or": "logical_or", "maximum": "maximum", "minimum": "minimum",
}.items():  # fmt: skip
    writes(theirs)(binary(ours))
for operation in ("amax", "amin", "logsumexp"):
    writes(operation)(reduction(operation))
for operation in ("floor", "ceil", "sign", "logical_not"):
    writes(operation)(point(operation))
writes("celu")(point("celu", "alpha"))
writes("log_sigmoid")(point("logsigmoid"))
writes("softshrink")(point("softshrink", "lambd"))
writes("hardshrink")(point("hardshrink", "lambd"))
writes("threshold")(point("threshold", "threshold", "value"))
writes("cumsum")(along("cumsum"))


def of_conditions(op):
    """`&`, `|` and `~` are those of conditions if the operands are conditions."""

    def write(self, call):
        if str(call.meta["val"].dtype) != "torch.bool":
            raise Missing(f"{self.operation(call)} of integers")
        (point(op) if op == "logical_not" else binary(op))(self, call)

    return write


writes("bitwise_and", "__and__")(of_conditions("logical_and"))
writes("bitwise_or", "__or__")(of_conditions("logical_or"))
writes("bitwise_not")(of_conditions("logical_not"))


def spread(op):
    """A writer of the variance, or of its root."""

    def write(self, call):
        a = arguments(call)
        correction = a.get("correction", 1 if a.get("unbiased", True) else 0)
        reduction(op)(self, call)
        self.nodes[-1]["correction"] = int(1 if correction is None else correction)

    return write


writes("var")(spread("var"))
writes("std")(spread("std"))


@writes("where")
def where(self, call):
    a = arguments(call)
    condition, chosen, other = a["condition"], a.get("self"), a.get("other")
    if chosen is None:
        raise Missing("where with a single operand")
    shape = call.meta["val"].shape
    options = {}
    operands = [self.value(condition)]
    for place, operand in enumerate((chosen, other)):
        number = self.number(operand, len(shape))
        if number is not None and not options:
            options = {"value": max(-1e30, min(number, 1e30)), **({"reversed": True} if place == 0 else {})}
        elif number is not None:
            operands.append(self.constant(torch.full([1] * len(shape), number)))
        else:
            operands.append(self.value(operand))
    names, axis = self.broadcast(operands, shape)
    self.add(call, "where", names, axis, **options)


@writes("masked_fill")
def masked_fill(self, call):
    a = arguments(call)
    shape = call.meta["val"].shape
    number = self.number(a["value"], len(shape))
    if number is None:
        raise Missing("masked_fill by a value")
    names, axis = self.broadcast([self.value(a["self"]), self.value(a["mask"])], shape)
    self.add(call, "masked_fill", names, axis, value=max(-1e30, min(number, 1e30)))


@writes("gather")
def gather(self, call):
    a = arguments(call)
    source, places = self.value(a["self"]), self.value(a["index"])
    dim = a["dim"] % source.rank
    same = source.dropped is not None and source.dropped != dim and places.shape[source.dropped] == 1
    axis = source.dropped if same else None
    source, places = self.without(source, axis), self.without(places, axis)
    self.add(call, "gather", [source.name, places.name], axis, dim=source.axis(dim))


@writes("prelu")
def prelu(self, call):
    a = arguments(call)
    tensors, owner = self.named(weight=a["weight"])
    self.add(call, "prelu", [self.sample(a["self"]).name], 0, tensors, owner,
             num_parameters=self.state(a["weight"]).numel())  # fmt: skip


@writes("lstm", "gru")
def recurrent(self, call):
    """The states of all steps. The last states alone are missing."""
    op = self.operation(call)
    a = arguments(call)
    states = a["hx"] if isinstance(a["hx"], (list, tuple)) else [a["hx"]]
    if any(state not in self.constants or bool((self.constants[state] != 0).any()) for state in states):
        raise Missing(f"{op} with other first states than zeros")
    batch = 0 if a["batch_first"] else 1
    value = self.value(a["input"])
    if value.rank != 3 or value.shape[batch] != 1:
        raise Missing(f"{op} over several sequences of one sample")
    endings = [
        f"{tensor}_l{layer}{direction}"
        for layer in range(a["num_layers"]) for direction in ("", "_reverse")[: 2 if a["bidirectional"] else 1]
        for tensor in ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if a["has_biases"] else ()))
    ]  # fmt: skip
    if len(endings) != len(a["params"]):
        raise Missing(f"{op} with projections")
    tensors, owner = self.named(**dict(zip(endings, a["params"])))
    name = owner or call.name
    options = {"tensors": tensors} if owner is None or owner in self.names else {}
    hidden = self.state(a["params"][1]).shape[1]
    name = self.node(op, name, [self.without(value, batch).name], hidden_size=hidden, num_layers=a["num_layers"],
                     bias=a["has_biases"], bidirectional=a["bidirectional"], **options)  # fmt: skip

    def part(getitem, index):
        if index != 0:
            raise Missing(f"the last states of {op}")
        return Value(name, getitem.meta["val"].shape, batch)

    self.parts[call] = part
