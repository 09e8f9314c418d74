"""Functions of each value: activations, powers, bounds, dropout."""

from .registry import Missing, arguments, writes


def point(op, *options, **fixed):
    """A writer of a function with some of PyTorch's options."""

    def write(self, call):
        a = arguments(call)
        value = self.value(call.args[0])
        self.add(call, op, [value.name], value.dropped, **{name: a[name] for name in options}, **fixed)

    return write


for operation in (
    "relu", "relu6", "sigmoid", "tanh", "silu", "mish", "hardswish", "hardsigmoid", "selu",
    "exp", "log", "sqrt", "abs", "erf", "sin", "cos",
):  # fmt: skip
    writes(operation)(point(operation))
writes("gelu")(point("gelu", "approximate"))
writes("leaky_relu")(point("leaky_relu", "negative_slope"))
writes("softplus")(point("softplus", "beta", "threshold"))
writes("rsqrt")(point("pow", exponent=-0.5))
writes("square")(point("pow", exponent=2.0))
writes("reciprocal")(point("pow", exponent=-1.0))
writes("neg")(point("multiply", value=-1.0))


@writes("elu")
def elu(self, call):
    a = arguments(call)
    if a["scale"] != 1 or a["input_scale"] != 1:
        raise Missing("elu with other scales")
    point("elu", "alpha")(self, call)


@writes("pow")
def power(self, call):
    if not isinstance(call.args[1], (int, float)):
        raise Missing("a power whose exponent is no constant")
    point("pow", exponent=float(call.args[1]))(self, call)


@writes("hardtanh")
def hardtanh(self, call):
    a = arguments(call)
    if (a["min_val"], a["max_val"]) == (0, 6):
        point("relu6")(self, call)
    else:
        point("hardtanh", "min_val", "max_val")(self, call)


@writes("clamp", "clamp_min", "clamp_max")
def clamp(self, call):
    a = arguments(call)
    low, high = a.get("min"), a.get("max")
    if not all(bound is None or isinstance(bound, (int, float)) for bound in (low, high)):
        raise Missing("clamp by values")
    point("hardtanh", min_val=-1e30 if low is None else low, max_val=1e30 if high is None else high)(self, call)


@writes("dropout", "feature_dropout")
def dropout(self, call):
    a = arguments(call)
    if a["p"] == 0:
        self.alias(call, call.args[0])
    else:
        point("dropout", "p")(self, call)
