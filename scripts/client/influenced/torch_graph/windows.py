"""Convolutions, pools and batch normalization: operations on pictures, whose first axis is the batch."""

from .registry import Missing, arguments, one_or_pair, writes


def convolution(dimensions):
    def write(self, call):
        a = arguments(call)
        tensors, owner = self.named(weight=a["weight"], bias=a["bias"])
        shape = self.state(a["weight"]).shape
        padding = a["padding"]
        options = {
            "out_channels": shape[0], "kernel_size": one_or_pair(shape[2:]), "stride": one_or_pair(a["stride"] or [1]),
            "padding": padding if isinstance(padding, str) else one_or_pair(padding or [0]),
            "bias": a["bias"] is not None,
        }  # fmt: skip
        if set(a["dilation"] or [1]) != {1}:
            options["dilation"] = one_or_pair(a["dilation"])
        if (a["groups"] or 1) != 1:
            options["groups"] = a["groups"]
        self.add(call, f"conv{dimensions}d", [self.sample(a["input"]).name], 0, tensors, owner, **options)

    return write


writes("conv1d")(convolution(1))
writes("conv2d")(convolution(2))


@writes("batch_norm")
def batch_norm(self, call):
    a = arguments(call)
    if a["training"]:
        raise Missing("batch_norm without running statistics")
    tensors, owner = self.named(
        weight=a["weight"], bias=a["bias"], running_mean=a["running_mean"], running_var=a["running_var"])  # fmt: skip
    if owner is None:
        raise Missing("batch_norm with tensors of several modules")
    options = {"affine": a["weight"] is not None, "eps": a["eps"], "momentum": a["momentum"]}
    standard = {"affine": True, "eps": 1e-5, "momentum": 0.1}
    if owner in self.names:
        tensors["num_batches_tracked"] = f"{owner}.num_batches_tracked"
    value = self.sample(a["input"])
    self.add(call, "batch_norm2d" if value.rank == 4 else "batch_norm1d", [value.name], 0, tensors, owner,
             **{name: option for name, option in options.items() if option != standard[name]})  # fmt: skip


def pool(op):
    def write(self, call):
        a = arguments(call)
        options = {"kernel_size": one_or_pair(a["kernel_size"])}
        options["stride"] = one_or_pair(a["stride"]) if a["stride"] else options["kernel_size"]
        if set(a["padding"] or [0]) != {0}:
            options["padding"] = one_or_pair(a["padding"])
        if a["ceil_mode"]:
            options["ceil_mode"] = True
        if a.get("count_include_pad") is False:
            options["count_include_pad"] = False
        if a.get("divisor_override"):
            options["divisor_override"] = a["divisor_override"]
        if set(a.get("dilation") or [1]) != {1}:
            options["dilation"] = one_or_pair(a["dilation"])
        self.add(call, op, [self.sample(a["self"]).name], 0, **options)

    return write


for operation in ("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d"):
    writes(operation)(pool(operation))


def adaptive_pool(op):
    def write(self, call):
        a = arguments(call)
        self.add(call, op, [self.sample(a["self"]).name], 0, output_size=one_or_pair(a["output_size"]))

    return write


for operation in ("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool2d"):
    writes(operation)(adaptive_pool(operation))


@writes("upsample_nearest2d")
def upsample_nearest(self, call):
    value = self.sample(call.args[0])
    self.add(call, "upsample", [value.name], 0, size=list(call.meta["val"].shape[2:]))


@writes("upsample_bilinear2d")
def upsample_bilinear(self, call):
    value = self.sample(call.args[0])
    self.add(call, "upsample", [value.name], 0, size=list(call.meta["val"].shape[2:]), mode="bilinear",
             align_corners=bool(arguments(call)["align_corners"]))  # fmt: skip
