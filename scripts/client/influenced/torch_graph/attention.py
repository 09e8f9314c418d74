"""Attention: the function, and whole modules of `torch.nn.MultiheadAttention`."""

import torch

from .registry import arguments, writes
from .values import Value


def hides_later(mask):
    """Whether a mask shows to each position itself and earlier ones alone."""
    rows, columns = mask.shape[-2:]
    shown = mask if mask.dtype == torch.bool else mask > -1e4
    if mask.dtype != torch.bool and bool((mask[shown] != 0).any()):
        return False
    return rows == columns and bool((shown == torch.ones(rows, columns, dtype=torch.bool).tril()).all())


@writes("scaled_dot_product_attention")
def attention(self, call):
    a = arguments(call)
    query, key, value = (self.value(a[name]) for name in ("query", "key", "value"))
    shape = list(call.meta["val"].shape)
    scores = query.shape[:-1] + [key.shape[-2]]
    axis = self.shared_axis([query], shape)
    if axis is not None and axis >= len(shape) - 2:
        axis = None
    operands = [query, key, value]
    options = {"is_causal": True} if a["is_causal"] else {}
    if a.get("enable_gqa"):
        options["enable_gqa"] = True
    mask = a["attn_mask"]
    constant = self.constants.get(mask) if mask is not None else None
    if constant is not None:
        if hides_later(constant):
            options["is_causal"] = True
        else:
            added = torch.where(constant, 0.0, -1e30) if constant.dtype == torch.bool else constant
            if bool((added != 0).any()):
                operands.append(self.constant(added))
    elif mask is not None:
        if mask.meta["val"].dtype == torch.bool:
            options["mask"] = "boolean"
        operands.append(self.value(mask))
    if a["scale"] is not None:
        options["scale"] = a["scale"]
    names = [self.aligned(operand, len(scores), axis).name for operand in operands]
    self.add(call, "scaled_dot_product_attention", names, axis, **options)


def module_calls(writer):
    """Calls by the run of a `torch.nn.MultiheadAttention` that makes them, with the module's path."""
    runs = {}
    for call in writer.trace.graph.nodes:
        if call.op == "call_function":
            for path, module, run in call.meta["modules"]:
                if type(module) is torch.nn.MultiheadAttention:
                    runs.setdefault((run, path), []).append(call)
    return runs


class SelfAttention:
    """A run of a module that one node `multihead_attention` can stand for."""

    def __init__(self, path, module, calls, source, result):
        self.path = path
        self.module = module
        self.calls = calls
        self.source = source
        self.result = result

    @staticmethod
    def of(writer, path, calls):
        """None for a run with masks, several inputs, or used weights of attention."""
        module = writer.modules[path]
        inside = set(calls)
        names = {"in_proj_weight", "out_proj.weight"}
        if module.in_proj_bias is not None:
            names |= {"in_proj_bias", "out_proj.bias"}
        sources, tensors = set(), set()
        for call in calls:
            for argument in call.all_input_nodes:
                if argument in writer.trace.tensors:
                    tensors.add(writer.trace.tensors[argument])
                elif argument not in inside:
                    sources.add(argument)
        results = [call for call in calls if any(user not in inside for user in call.users)]
        causal = any(
            writer.operation(call) == "scaled_dot_product_attention" and arguments(call)["is_causal"] for call in calls
        )
        if len(sources) != 1 or len(results) != 1 or causal or tensors != {f"{path}.{name}" for name in names}:
            return None
        if module.bias_k is not None or module.add_zero_attn or path in writer.names:
            return None
        source, result = sources.pop(), results[0]
        shape = source.meta["val"].shape
        if len(shape) != 3 or result.meta["val"].shape != shape or shape[0 if module.batch_first else 1] != 1:
            return None
        return SelfAttention(path, module, calls, source, result)

    def write(self, writer):
        axis = 0 if self.module.batch_first else 1
        value = writer.without(writer.value(self.source), axis)
        options = {} if self.module.in_proj_bias is not None else {"bias": False}
        name = writer.node("multihead_attention", self.path, [value.name], num_heads=self.module.num_heads, **options)
        writer.values[self.result] = Value(name, value.shape, axis)
        writer.written.update(self.calls)


def self_attentions(writer):
    """The runs of modules that become one node each, by their first call."""
    found = {}
    for (_, path), calls in module_calls(writer).items():
        run = SelfAttention.of(writer, path, calls)
        if run is not None:
            found[calls[0]] = run
    return found
