"""Linear layers, embeddings and normalizations of rows."""

from .registry import Missing, arguments, writes
from .values import Value


@writes("linear")
def linear(self, call):
    a = arguments(call)
    if a["weight"] not in self.tensors or a["bias"] is not None and a["bias"] not in self.tensors:
        return linear_of_values(self, call, a)
    tensors, owner = self.named(weight=a["weight"], bias=a["bias"])
    value = self.keeping(self.value(a["input"]), [-1])
    self.add(call, "linear", [value.name], value.dropped, tensors, owner,
             out_features=self.state(a["weight"]).shape[0], bias=a["bias"] is not None)  # fmt: skip


def linear_of_values(self, call, a):
    """x·Wᵀ + b with weights or a bias that are computed."""
    value = self.keeping(self.value(a["input"]), [-1])
    if a["weight"] in self.tensors:
        tensors, owner = self.named(weight=a["weight"])
        options = {} if owner is not None and owner not in self.names else {"tensors": tensors}
        name = self.node("linear", owner or self.title(call), [value.name], bias=False, **options,
                         out_features=self.state(a["weight"]).shape[0])  # fmt: skip
    else:
        value = self.whole(value)
        weight = self.whole(self.value(a["weight"]))
        name = self.node("matmul", f"{self.title(call)}.product", [value.name, weight.name], transpose_b=True)
    if a["bias"] is None:
        self.values[call] = Value(name, call.meta["val"].shape, value.dropped)
    else:
        self.add(call, "add", [name, self.whole(self.value(a["bias"])).name], value.dropped)


@writes("addmm")
def addmm(self, call):
    """b + x·W. GPT-2 has its weights in this form, inputs × outputs."""
    a = arguments(call)
    if a["beta"] != 1 or a["alpha"] != 1:
        raise Missing("addmm with factors")
    left, right = (self.whole(self.value(a[name])) for name in ("mat1", "mat2"))
    product = self.node("matmul", f"{self.title(call)}.product", [left.name, right.name])
    self.add(call, "add", [product, self.whole(self.value(a["self"])).name], None)


@writes("embedding")
def embedding(self, call):
    a = arguments(call)
    tensors, owner = self.named(weight=a["weight"])
    weight = self.state(a["weight"])
    value = self.value(a["indices"])
    options = {"padding_idx": a["padding_idx"]} if a["padding_idx"] is not None and a["padding_idx"] >= 0 else {}
    self.add(call, "embedding", [value.name], value.dropped, tensors, owner, num_embeddings=weight.shape[0],
             embedding_dim=weight.shape[1], **options)  # fmt: skip


@writes("layer_norm")
def layer_norm(self, call):
    a = arguments(call)
    tensors, owner = self.named(weight=a["weight"], bias=a["bias"])
    shape = list(a["normalized_shape"])
    value = self.keeping(self.value(a["input"]), range(-len(shape), 0))
    options = {}
    if a["weight"] is None:
        options["elementwise_affine"] = False
    elif a["bias"] is None:
        options["bias"] = False
    self.add(call, "layer_norm", [value.name], value.dropped, tensors, owner, normalized_shape=shape, eps=a["eps"],
             **options)  # fmt: skip


@writes("rms_norm")
def rms_norm(self, call):
    a = arguments(call)
    tensors, owner = self.named(weight=a["weight"])
    shape = list(a["normalized_shape"])
    value = self.keeping(self.value(a["input"]), range(-len(shape), 0))
    options = {"eps": a["eps"]} if a["eps"] is not None else {}
    self.add(call, "rms_norm", [value.name], value.dropped, tensors, owner, normalized_shape=shape,
             elementwise_affine=a["weight"] is not None, **options)  # fmt: skip


@writes("group_norm")
def group_norm(self, call):
    a = arguments(call)
    tensors, owner = self.named(weight=a["weight"], bias=a["bias"])
    self.add(call, "group_norm", [self.sample(a["input"]).name], 0, tensors, owner, num_groups=a["num_groups"],
             eps=a["eps"], affine=a["weight"] is not None)  # fmt: skip
