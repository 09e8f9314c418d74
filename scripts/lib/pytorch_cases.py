"""Prints the cases of Tests/NetworkTests/PyTorchCases+Operations.swift, computed by PyTorch in float64.

The head of Tests/NetworkTests/PyTorchCases.swift says what a case computes.
"""

import json
import math
import textwrap

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


def numbers(function, factor, count, start=1):
    return torch.tensor([function(factor * i) for i in range(start, start + count)])


def probe(values):
    return sum(value * math.cos(i + 1) for i, value in enumerate(values.detach().flatten().tolist()))


class Case:
    """An operation: its name and options in a request, its inputs, and what PyTorch calls it.

    `module` is a function of the inputs, each with a batch of one, or a module whose parameters are set here.
    """

    def __init__(self, op, inputs, module, order=None, **options):
        self.op = op
        self.inputs = [x if isinstance(x[0], str) else ("any", x) for x in inputs]
        self.module = module
        self.options = options
        self.order = order

    def run(self):
        shapes = [x[1] for x in self.inputs]
        total = sum(math.prod(shape) for shape in shapes)
        x = numbers(math.sin, 1.3, total)
        parts = [part.reshape(shape) for part, shape in zip(x.split([math.prod(s) for s in shapes]), shapes)]
        own = []
        if isinstance(self.module, torch.nn.Module):
            self.module.eval()
            own = [dict(self.module.named_parameters())[n] for n in self.order] if self.order else list(
                self.module.parameters())
        scales = [torch.zeros(shape) for (kind, shape, *_) in self.inputs if kind != "whole"]
        parameters = [s.requires_grad_() for s in scales] + own
        sizes = [p.numel() for p in parameters]
        theta, direction = numbers(math.sin, 0.7, sum(sizes)), numbers(math.cos, 0.3, sum(sizes))
        with torch.no_grad():
            for parameter, values in zip(parameters, theta.split(sizes)):
                parameter.copy_(values.reshape(parameter.shape))
        values, left = [], list(scales)
        for (kind, _, *limit), part in zip(self.inputs, parts):
            if kind == "whole":
                values.append(torch.floor(limit[0] / 2 * (1 + part)).unsqueeze(0))
            else:
                value = part * left.pop(0)
                values.append((torch.exp(value) if kind == "positive" else value).unsqueeze(0))
        y = self.module(*values)
        loss = (y * y).mean()
        gradient = [None] * len(parameters)
        if loss.requires_grad:
            gradient = torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True)
        flat = torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in zip(gradient, parameters)])
        slope = (flat * direction).sum()
        product = [None] * len(parameters)
        if slope.requires_grad:
            product = torch.autograd.grad(slope, parameters, allow_unused=True)
        flat_product = torch.cat(
            [(torch.zeros_like(p) if g is None else g).flatten() for g, p in zip(product, parameters)])
        return y.numel(), [probe(y), probe(flat), probe(flat_product)]

    def swift(self):
        count, probes = self.run()
        shown = []
        for kind, shape, *limit in self.inputs:
            sizes = "[" + ", ".join(map(str, shape)) + "]"
            shown.append(f".whole({sizes}, below: {limit[0]})" if kind == "whole" else f".{kind}({sizes})")
        options = "\n".join(textwrap.wrap(json.dumps(self.options), 96))
        text = f'    ReferenceCase(\n      "{self.op}", [{", ".join(shown)}], count: {count},\n'
        text += f"      [{', '.join(map(repr, probes))}],\n"
        return text + '      """\n' + textwrap.indent(options, "      ") + '\n      """),\n'


def whole(shape, below):
    return ("whole", shape, below)


def positive(shape):
    return ("positive", shape)


def cell(kind, width, hidden, last=False, **options):
    """A recurrent module, and the names of its parameters in the order of `named_parameters`."""
    module = getattr(torch.nn, kind)(width, hidden, batch_first=True, **options)

    class Outputs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = module

        def forward(self, x):
            states, ends = module(x)
            if not last:
                return states
            ends = ends[0] if isinstance(ends, tuple) else ends
            return torch.cat(list(ends[-2:] if options.get("bidirectional") else ends[-1:]), dim=-1)

    return Outputs()


class Attention(torch.nn.Module):
    """`MultiheadAttention`, with a mask as its last input if there is one."""

    def __init__(self, width, heads, masked=None, **options):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(width, heads, batch_first=True, **options)
        self.masked = masked

    def forward(self, *inputs):
        mask = None
        if self.masked:
            *inputs, mask = inputs
            mask = mask[0].bool() if self.masked == "boolean" else mask[0]
        query, key, value = inputs if len(inputs) == 3 else inputs * 3
        padding = mask is not None and mask.dim() == 1
        options = {"key_padding_mask": mask.unsqueeze(0)} if padding else {"attn_mask": mask}
        return self.attention(query, key, value, need_weights=False, **options)[0]


def attention(boolean=False, **options):
    def run(query, key, value, mask=None):
        if boolean:
            mask = mask.bool()
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, **options)

    return run


CASES = [
    Case("softsign", [(3, 4)], torch.nn.Softsign()),
    Case("logsigmoid", [(3, 4)], torch.nn.LogSigmoid()),
    Case("softshrink", [(3, 4)], torch.nn.Softshrink(0.2), lambd=0.2),
    Case("hardshrink", [(3, 4)], torch.nn.Hardshrink(0.2), lambd=0.2),
    Case("tanhshrink", [(3, 4)], torch.nn.Tanhshrink()),
    Case("celu", [(3, 4)], torch.nn.CELU(0.5), alpha=0.5),
    Case("threshold", [(3, 4)], torch.nn.Threshold(0.1, 20), threshold=0.1, value=20),
    Case("clamp", [(3, 4)], lambda x: torch.clamp(x, -0.3, 0.5), min=-0.3, max=0.5),
    Case("clamp", [(3, 4)], lambda x: torch.clamp(x, max=0.5), max=0.5),
    Case("reciprocal", [positive((3, 4))], torch.reciprocal),
    Case("rsqrt", [positive((3, 4))], torch.rsqrt),
    Case("neg", [(3, 4)], torch.neg),
    Case("glu", [(4, 3, 2)], torch.nn.GLU(1), dim=1),
    Case("prelu", [(3, 4)], torch.nn.PReLU()),
    Case("prelu", [(3, 2, 3)], torch.nn.PReLU(3), num_parameters=3),
    Case("less", [(3, 4), (4,)], lambda a, b: torch.lt(a, b) * 1.0),
    Case("greater_equal", [(3, 4)], lambda x: torch.ge(x, 0.2) * 1.0, value=0.2),
    Case("where", [whole((3, 4), 2), (3, 4), (4,)], lambda m, a, b: torch.where(m.bool(), a, b)),
    Case("where", [whole((4,), 2), (3, 4)], lambda m, a: torch.where(m.bool(), 0.5, a), value=0.5, reversed=True),
    Case("masked_fill", [(3, 4), whole((4,), 2)], lambda x, m: x.masked_fill(m.bool(), -2.0), value=-2),
    Case("maximum", [(3, 4), (3, 1)], torch.maximum),
    Case("minimum", [(3, 4), (3, 4)], torch.minimum),
    Case("minimum", [(3, 4)], lambda x: torch.minimum(x, torch.tensor(0.2)), value=0.2),
    Case("gather", [(3, 4), whole((5, 4), 3)], lambda x, i: torch.gather(x, 1, i.long()), dim=1),
    Case("gather", [(2, 3, 4), whole((2, 2, 6), 4)], lambda x, i: torch.gather(x, -1, i.long()), dim=-1),
    Case("cumsum", [(3, 4)], lambda x: torch.cumsum(x, 1), dim=1),
    Case("amax", [(3, 4, 2)], lambda x: torch.amax(x, (2, 3)), dim=[2, 3]),
    Case("amin", [(3, 4)], lambda x: torch.amin(x, 1, keepdim=True), dim=[1], keepdim=True),
    Case("logsumexp", [(3, 4)], lambda x: torch.logsumexp(x, 2), dim=[2]),
    Case("var", [(3, 4, 2)], lambda x: torch.var(x, (2, 3)), dim=[2, 3]),
    Case("std", [(3, 4)], lambda x: torch.std(x, 1, correction=0, keepdim=True), dim=[1], keepdim=True, correction=0),
    Case("lstm", [(4, 2)], cell("LSTM", 2, 3), hidden_size=3),
    Case("lstm", [(3, 2)], cell("LSTM", 2, 2, num_layers=2, bidirectional=True), hidden_size=2, num_layers=2,
         bidirectional=True),
    Case("lstm", [(3, 2)], cell("LSTM", 2, 3, last=True, bias=False, bidirectional=True), hidden_size=3, bias=False,
         bidirectional=True, output="last"),
    Case("gru", [(4, 2)], cell("GRU", 2, 3), hidden_size=3),
    Case("gru", [(3, 2)], cell("GRU", 2, 2, num_layers=2, bidirectional=True), hidden_size=2, num_layers=2,
         bidirectional=True),
    Case("gru", [(3, 2)], cell("GRU", 2, 3, last=True, bias=False), hidden_size=3, bias=False, output="last"),
]  # fmt: skip

CASES_OF_ATTENTION = [
    Case("scaled_dot_product_attention", [(2, 3, 4), (2, 5, 4), (2, 5, 2)], attention(scale=0.7), scale=0.7),
    Case("scaled_dot_product_attention", [(3, 4), (3, 4), (3, 2), (3, 3)], attention()),
    Case("scaled_dot_product_attention", [(3, 4), (2, 4), (2, 4), whole((3, 2), 3)], attention(boolean=True),
         mask="boolean"),
    Case("scaled_dot_product_attention", [(3, 4), (2, 4), (2, 4), whole((3, 1), 2)], attention(boolean=True),
         mask="boolean"),
    Case("scaled_dot_product_attention", [(4, 3, 2), (2, 3, 2), (2, 3, 2)],
         attention(is_causal=True, enable_gqa=True), is_causal=True, enable_gqa=True),
    Case("multihead_attention", [(3, 4)], Attention(4, 2), num_heads=2),
    Case("multihead_attention", [(3, 4), whole((3,), 2)], Attention(4, 2, masked="boolean"), num_heads=2,
         mask="boolean"),
    Case("multihead_attention", [(3, 4), (5, 4), (5, 4)], Attention(4, 2), num_heads=2),
    Case("multihead_attention", [(3, 4), (5, 3), (5, 2), (3, 5)], Attention(4, 2, masked="additive", kdim=3, vdim=2),
         num_heads=2),
    Case("multihead_attention", [(3, 4), (5, 3), (5, 3)], Attention(4, 1, bias=False, kdim=3, vdim=3), num_heads=1,
         bias=False),
]  # fmt: skip


def main():
    # The other kernels of attention have no double backward.
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        show()


def show():
    for name, cases in (("operations", CASES), ("attention", CASES_OF_ATTENTION)):
        print(f"  // {name}")
        print("".join(case.swift() for case in cases))


if __name__ == "__main__":
    main()
