"""Writes a PyTorch module as the graph of nodes that the service takes (`{"nodes": …, "outputs": …}`).

The module is traced by `torch.export` with a batch of a size that occurs nowhere else. Every value of the trace begins
with that batch, or with a multiple of it: then the rest of the first axis belongs to the sample. Whatever does not
depend on the input is computed and becomes a constant.
"""

import operator

import torch

BATCH = 3


class Unsupported(Exception):
    """Operations of the trace that the service does not have, each with its place in the module."""

    def __init__(self, nodes):
        self.nodes = nodes
        super().__init__("; ".join(f"{name} at {place}" for name, place in nodes))


def graph_of(module, sample):
    """The graph of a module for samples like `sample` (without a batch), and the names of its tensors.

    The tensors keep the names of `module.state_dict()`. Several outputs are not supported.
    """
    module = module.eval()
    batch = sample.unsqueeze(0).repeat(BATCH, *[1] * sample.dim())
    with torch.no_grad():
        program = torch.export.export(module, (batch,), strict=False)
    return _Writer(program).write()


class _Value:
    """A node of the graph with the shape of its value, and whether its first axis holds more than the batch."""

    def __init__(self, name, shape):
        self.name = name
        self.shape = list(shape)
        self.extra = self.shape[0] // BATCH if self.shape and self.shape[0] % BATCH == 0 else None

    @property
    def has_extra(self):
        return self.extra is not None and self.extra > 1

    @property
    def sizes(self):
        """The shape of a sample."""
        return ([self.extra] if self.has_extra else []) + self.shape[1:]

    def axis(self, dim):
        """The axis of a sample, counted with the batch as 0, that an axis of the trace is."""
        dim = dim + len(self.shape) if dim < 0 else dim
        return dim + 1 if self.has_extra else dim


class _Writer:
    def __init__(self, program):
        self.program = program
        self.nodes = []
        self.values = {}
        self.constants = {}
        self.unsupported = []
        signature = program.graph_signature
        self.tensor_names = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
        self.lifted = getattr(signature, "inputs_to_lifted_tensor_constants", {})
        self.state = {**dict(program.named_parameters()), **dict(program.named_buffers()), **program.constants}

    # Values of the trace

    def write(self):
        output = None
        for node in self.program.graph.nodes:
            if node.op == "placeholder":
                self.placeholder(node)
            elif node.op == "call_function":
                self.call(node)
            elif node.op == "output":
                results = node.args[0]
                output = self.operand(results[0] if isinstance(results, (tuple, list)) else results)
        if self.unsupported:
            raise Unsupported(self.unsupported)
        return {"nodes": self.nodes, "outputs": [output]}

    def placeholder(self, node):
        if node.name in self.tensor_names:
            self.constants[node] = self.tensor_names[node.name]
        elif node.name in self.lifted:
            self.constants[node] = self.state[self.lifted[node.name]]
        else:
            self.values[node] = _Value("input", node.meta["val"].shape)

    def call(self, node):
        if not self.depends(node):
            self.fold(node)
            return
        name = self.name_of(node)
        writer = _WRITERS.get(name)
        before = len(self.nodes)
        try:
            if writer is None:
                raise NotImplementedError(name)
            writer(self, node)
        except NotImplementedError as fault:
            del self.nodes[before:]
            self.unsupported.append((str(fault), self.place(node)))
            value = node.meta.get("val")
            if isinstance(value, torch.Tensor):
                self.values[node] = _Value(node.name, value.shape)

    @staticmethod
    def name_of(node):
        if node.target is operator.getitem:
            return "getitem"
        return node.target.name().removeprefix("aten::").split(".")[0]

    @staticmethod
    def place(node):
        stack = node.meta.get("nn_module_stack") or {}
        paths = [path for path, _ in stack.values()]
        return paths[-1] if paths and paths[-1] else node.name

    def depends(self, node):
        def any_value(argument):
            if isinstance(argument, torch.fx.Node):
                return argument in self.values or argument in self.parts
            if isinstance(argument, (list, tuple)):
                return any(any_value(part) for part in argument)
            return False

        # A parameter that meets a value becomes part of the operation; parameters among themselves are computed.
        return any(any_value(argument) for argument in node.args) or any(
            any_value(argument) for argument in node.kwargs.values())

    parts = {}

    def fold(self, node):
        """Computes what does not depend on the input. A parameter alone stays a parameter."""

        def real(argument):
            if isinstance(argument, torch.fx.Node):
                constant = self.constants[argument]
                return self.state[constant] if isinstance(constant, str) else constant
            if isinstance(argument, (list, tuple)):
                return type(argument)(real(part) for part in argument)
            return argument

        name = self.name_of(node)
        tensors = [a for a in node.args if isinstance(a, torch.fx.Node) and isinstance(self.constants.get(a), str)]
        trains = [a for a in tensors if isinstance(self.state[self.constants[a]], torch.nn.Parameter)]
        if trains and name in _ALIASES:
            self.constants[node] = self.constants[trains[0]]
            return
        if trains and name in _WRITERS:
            # The parameter becomes a value, and what follows is computed by the service.
            for tensor in trains:
                self.values[tensor] = self.parameter(tensor)
            self.call(node)
            return
        with torch.no_grad():
            self.constants[node] = node.target(*real(node.args), **{k: real(v) for k, v in node.kwargs.items()})

    def parameter(self, node):
        name = self.constants[node]
        shape = list(self.state[name].shape)
        self.nodes.append({"op": "parameter", "name": f"{name} value", "inputs": [], "shape": shape, "tensor": name})
        value = _Value(f"{name} value", [BATCH] + shape)
        value.is_free = True
        return value

    def constant(self, tensor, like):
        """A node with the numbers of a tensor, under the axes of a sample of a value."""
        name = f"constant {len(self.nodes)}"
        shape = list(tensor.shape)
        self.nodes.append(
            {"op": "constant", "name": name, "inputs": [], "shape": shape or [1],
             "values": [float(x) for x in tensor.double().flatten().tolist()]})
        return name, shape

    # Nodes of the graph

    def add(self, node, op, inputs, **options):
        """A node for a node of the trace."""
        self.nodes.append({"op": op, "name": node.name, "inputs": inputs, **options})
        self.values[node] = _Value(node.name, node.meta["val"].shape)

    def alias(self, node, source):
        self.values[node] = _Value(self.values[source].name, node.meta["val"].shape)

    def value(self, argument):
        if argument not in self.values:
            raise NotImplementedError(f"an operand without the input ({argument})")
        return self.values[argument]

    def operand(self, argument):
        return self.value(argument).name

    def tensor(self, argument):
        name = self.constants.get(argument)
        if not isinstance(name, str):
            raise NotImplementedError("weights that are computed")
        return name

    def tensors(self, **arguments):
        return {ending: self.tensor(node) for ending, node in arguments.items() if node is not None}


def _pair(numbers):
    numbers = list(numbers)
    return numbers[0] if len(set(numbers)) == 1 else numbers


def _arguments(node, *names, **defaults):
    """The arguments of a call by the names of its schema."""
    given = dict(zip([argument.name for argument in node.target._schema.arguments], node.args))
    given.update(node.kwargs)
    for argument in node.target._schema.arguments:
        if argument.name not in given:
            given[argument.name] = argument.default_value if argument.has_default_value() else None
    return given


# One function for each operation of the trace

def _convolution(dimensions):
    def write(self, node):
        a = _arguments(node)
        weight = self.tensor(a["weight"])
        shape = list(self.state[weight].shape)
        padding = a["padding"]
        options = {
            "out_channels": shape[0], "kernel_size": _pair(shape[2:]), "stride": _pair(a["stride"] or [1]),
            "padding": padding if isinstance(padding, str) else _pair(padding or [0]),
            "bias": a["bias"] is not None,
        }
        if set(a["dilation"] or [1]) != {1}:
            options["dilation"] = _pair(a["dilation"])
        if (a["groups"] or 1) != 1:
            options["groups"] = a["groups"]
        self.add(node, f"conv{dimensions}d", [self.operand(a["input"])],
                 tensors=self.tensors(weight=a["weight"], bias=a["bias"]), **options)

    return write


def _linear(self, node):
    a = _arguments(node)
    weight = self.tensor(a["weight"])
    self.add(node, "linear", [self.operand(a["input"])], out_features=self.state[weight].shape[0],
             bias=a["bias"] is not None, tensors=self.tensors(weight=a["weight"], bias=a["bias"]))


def _addmm(self, node):
    bias, x, weight = node.args[:3]
    # Weights as GPT-2 has them: inputs × outputs.
    name = self.tensor(weight)
    self.values[weight] = self.parameter(weight)
    product = f"{node.name} product"
    self.nodes.append({"op": "matmul", "name": product, "inputs": [self.operand(x), f"{name} value"]})
    self.values[bias] = self.parameter(bias)
    self.add(node, "add", [product, self.operand(bias)])


def _batch_norm(self, node):
    a = _arguments(node)
    rank = len(a["input"].meta["val"].shape)
    prefix = self.tensor(a["running_mean"]).rsplit(".", 1)[0]
    tensors = self.tensors(weight=a["weight"], bias=a["bias"], running_mean=a["running_mean"],
                           running_var=a["running_var"])
    options = {"affine": a["weight"] is not None, "eps": a["eps"], "momentum": a["momentum"]}
    tensors["num_batches_tracked"] = f"{prefix}.num_batches_tracked"
    self.add(node, "batch_norm2d" if rank == 4 else "batch_norm1d", [self.operand(a["input"])], tensors=tensors,
             **{k: v for k, v in options.items() if v != {"affine": True, "eps": 1e-5, "momentum": 0.1}[k]})


def _layer_norm(self, node):
    a = _arguments(node)
    self.add(node, "layer_norm", [self.operand(a["input"])], normalized_shape=list(a["normalized_shape"]),
             eps=a["eps"], elementwise_affine=a["weight"] is not None, bias=a["bias"] is not None,
             tensors=self.tensors(weight=a["weight"], bias=a["bias"]))


def _group_norm(self, node):
    a = _arguments(node)
    self.add(node, "group_norm", [self.operand(a["input"])], num_groups=a["num_groups"], eps=a["eps"],
             affine=a["weight"] is not None, tensors=self.tensors(weight=a["weight"], bias=a["bias"]))


def _plain(op, *options, **fixed):
    def write(self, node):
        a = _arguments(node)
        first = node.args[0]
        chosen = {ours: a[theirs] for ours, theirs in (o if isinstance(o, tuple) else (o, o) for o in options)}
        self.add(node, op, [self.operand(first)], **chosen, **fixed)

    return write


def _hardtanh(self, node):
    a = _arguments(node)
    if (a["min_val"], a["max_val"]) == (0, 6):
        self.add(node, "relu6", [self.operand(a["self"])])
    else:
        self.add(node, "hardtanh", [self.operand(a["self"])], min_val=a["min_val"], max_val=a["max_val"])


def _clamp(self, node):
    a = _arguments(node)
    self.add(node, "hardtanh", [self.operand(a["self"])], min_val=-1e30 if a["min"] is None else a["min"],
             max_val=1e30 if a["max"] is None else a["max"])


def _binary(op):
    def write(self, node):
        a = _arguments(node)
        left, right = a["self"], a["other"]
        options = {"alpha": a["alpha"]} if a.get("alpha") not in (None, 1) else {}
        if options and op == "subtract":
            raise NotImplementedError("a subtraction with a factor")
        if isinstance(right, torch.fx.Node) and isinstance(left, torch.fx.Node):
            shape = node.meta["val"].shape
            names = [self.broadcast(x, shape, f"{node.name} {index}") for index, x in enumerate((left, right))]
            self.add(node, op, names, **options)
        elif isinstance(left, torch.fx.Node):
            self.add(node, op, [self.operand(left)], value=float(right), **options)
        else:
            self.add(node, op, [self.operand(right)], value=float(left), reversed=True)

    return write


def _broadcast(self, argument, shape, name):
    """An operand as broadcasting sees it, for a result of a shape of the trace."""
    if argument in self.values and not getattr(self.values[argument], "is_free", False):
        value = self.values[argument]
        if len(value.shape) < len(shape):
            raise NotImplementedError("a batch that broadcasting moves")
        result = _Value("", shape)
        if result.has_extra and not value.has_extra:
            raise NotImplementedError("a batch that broadcasting multiplies")
        return value.name
    constant = self.constants.get(argument)
    tensor = self.state[constant] if isinstance(constant, str) else constant
    if isinstance(constant, str) and isinstance(tensor, torch.nn.Parameter):
        if argument not in self.values:
            self.values[argument] = self.parameter(argument)
        source = self.values[argument].name
        own = list(tensor.shape)
    elif argument in self.values:
        source, own = self.values[argument].name, self.values[argument].shape[1:]
    else:
        source, own = self.constant(tensor, None)
    # An axis for the batch is not part of a sample.
    if len(own) == len(shape):
        result = _Value("", shape)
        if own[0] == 1 and not result.has_extra:
            flat = f"{name} of a sample"
            self.nodes.append({"op": "reshape", "name": flat, "inputs": [source], "shape": own[1:] or [1]})
            return flat
        if own[0] != 1 and own[0] != result.extra:
            raise NotImplementedError("a constant along the batch")
    return source


_Writer.broadcast = _broadcast


def _matmul(self, node):
    left, right = node.args[:2]
    shape = node.meta["val"].shape
    self.add(node, "matmul", [self.broadcast(left, shape, f"{node.name} 0"),
                              self.broadcast(right, shape, f"{node.name} 1")])


def _reshape(self, node):
    source = self.value(node.args[0])
    result = _Value(node.name, node.meta["val"].shape)
    if result.extra is None or source.extra is None:
        raise NotImplementedError("a shape without the batch in front")
    self.add(node, "reshape", [source.name], shape=result.sizes or [1])


def _permute(self, node):
    source = self.value(node.args[0])
    dims = [d % len(source.shape) for d in node.args[1]]
    if dims[0] != 0:
        raise NotImplementedError("a permutation of the batch")
    own = [0] + ([1] if source.has_extra else []) + [source.axis(d) for d in dims[1:]]
    self.add(node, "permute", [source.name], dims=own)


def _transpose(self, node):
    source = self.value(node.args[0])
    a, b = (d % len(source.shape) for d in (node.args[1], node.args[2]))
    if 0 in (a, b):
        raise NotImplementedError("a permutation of the batch")
    self.add(node, "transpose", [source.name], dim0=source.axis(a), dim1=source.axis(b))


def _axis(op, option="dim", **fixed):
    def write(self, node):
        a = _arguments(node)
        source = self.value(node.args[0])
        self.add(node, op, [source.name], **{option: source.axis(a["dim"])}, **fixed)

    return write


def _unsqueeze(self, node):
    source = self.value(node.args[0])
    dim = node.args[1]
    dim = dim + len(source.shape) + 1 if dim < 0 else dim
    self.add(node, "unsqueeze", [source.name], dim=dim + (1 if source.has_extra else 0))


def _slice(self, node):
    a = _arguments(node)
    source = self.value(a["self"])
    dim = a["dim"] % len(source.shape)
    if dim == 0:
        if (a["start"] or 0) == 0 and (a["end"] is None or a["end"] >= source.shape[0]):
            return self.alias(node, a["self"])
        raise NotImplementedError("a part of the batch")
    size = source.shape[dim]
    end = size if a["end"] is None else min(a["end"], size)
    self.add(node, "slice", [source.name], dim=source.axis(dim), start=a["start"] or 0, end=end, step=a["step"])


def _select(self, node):
    source = self.value(node.args[0])
    dim = node.args[1] % len(source.shape)
    if dim == 0:
        raise NotImplementedError("one sample of the batch")
    self.add(node, "select", [source.name], dim=source.axis(dim), index=node.args[2])


def _cat(self, node):
    parts = node.args[0]
    dim = node.args[1] if len(node.args) > 1 else 0
    shape = node.meta["val"].shape
    dim = dim % len(shape)
    if dim == 0:
        raise NotImplementedError("a batch of several batches")
    names = []
    for index, part in enumerate(parts):
        if part in self.values:
            names.append(self.values[part].name)
        else:
            names.append(self.broadcast(part, shape, f"{node.name} {index}"))
    first = next(self.values[p] for p in parts if p in self.values)
    self.add(node, "concat", names, dim=first.axis(dim))


def _parts(op):
    def write(self, node):
        a = _arguments(node)
        source = self.value(node.args[0])
        dim = (a.get("dim") or 0) % len(source.shape)
        if dim == 0:
            raise NotImplementedError("a part of the batch")
        sizes = [int(part.shape[dim]) for part in node.meta["val"]]
        self.parts[node] = (source, source.axis(dim), sizes)

    return write


def _getitem(self, node):
    source, index = node.args
    if source in self.parts:
        value, axis, sizes = self.parts[source]
        self.add(node, "split", [value.name], sizes=sizes, dim=axis, index=index)
    elif index == 0 and source in self.values:
        self.alias(node, source)
    else:
        raise NotImplementedError("a second result")


def _reduction(op):
    def write(self, node):
        a = _arguments(node)
        source = self.value(node.args[0])
        dims = [d % len(source.shape) for d in (a["dim"] if a["dim"] is not None else range(len(source.shape)))]
        if 0 in dims:
            raise NotImplementedError("a sum over the batch")
        self.add(node, op, [source.name], dim=[source.axis(d) for d in dims], keepdim=bool(a["keepdim"]))

    return write


def _pool(op, average):
    def write(self, node):
        a = _arguments(node)
        options = {"kernel_size": _pair(a["kernel_size"])}
        options["stride"] = _pair(a["stride"]) if a["stride"] else options["kernel_size"]
        if set(a["padding"] or [0]) != {0}:
            options["padding"] = _pair(a["padding"])
        if a["ceil_mode"]:
            options["ceil_mode"] = True
        if average and not a["count_include_pad"]:
            options["count_include_pad"] = False
        if not average and set(a["dilation"] or [1]) != {1}:
            options["dilation"] = _pair(a["dilation"])
        self.add(node, op, [self.operand(node.args[0])], **options)

    return write


def _adaptive(op):
    def write(self, node):
        a = _arguments(node)
        self.add(node, op, [self.operand(node.args[0])], output_size=_pair(a["output_size"]))

    return write


def _roll(self, node):
    source = self.value(node.args[0])
    a = _arguments(node)
    self.add(node, "roll", [source.name], shifts=list(a["shifts"]), dims=[source.axis(d) for d in a["dims"]])


def _pad(self, node):
    a = _arguments(node)
    if a.get("mode") not in (None, "constant") or a.get("value") not in (None, 0, 0.0):
        raise NotImplementedError("padding by something else than zeros")
    self.add(node, "pad", [self.operand(node.args[0])], pad=list(a["pad"]))


def _embedding(self, node):
    a = _arguments(node)
    weight = self.state[self.tensor(a["weight"])]
    if a["indices"] not in self.values:
        raise NotImplementedError("an embedding of constants")
    options = {"padding_idx": a["padding_idx"]} if (a["padding_idx"] or -1) >= 0 else {}
    self.add(node, "embedding", [self.operand(a["indices"])], num_embeddings=weight.shape[0],
             embedding_dim=weight.shape[1], tensors=self.tensors(weight=a["weight"]), **options)


def _attention(self, node):
    a = _arguments(node)
    names = [self.operand(a[x]) for x in ("query", "key", "value")]
    if a["attn_mask"] is not None:
        mask = a["attn_mask"]
        shape = list(a["query"].meta["val"].shape[:-1]) + [a["key"].meta["val"].shape[-2]]
        constant = self.constants.get(mask)
        if isinstance(constant, torch.Tensor) and constant.dtype == torch.bool:
            self.constants[mask] = torch.where(constant, 0.0, -1e30)
        names.append(self.broadcast(mask, shape, f"{node.name} mask"))
    options = {"is_causal": True} if a["is_causal"] else {}
    if a["scale"] is not None:
        options["scale"] = a["scale"]
    self.add(node, "scaled_dot_product_attention", names, **options)


def _gelu(self, node):
    a = _arguments(node)
    self.add(node, "gelu", [self.operand(node.args[0])], approximate=a["approximate"])


def _pow(self, node):
    self.add(node, "pow", [self.operand(node.args[0])], exponent=float(node.args[1]))


def _rsqrt(self, node):
    self.add(node, "pow", [self.operand(node.args[0])], exponent=-0.5)


def _neg(self, node):
    self.add(node, "multiply", [self.operand(node.args[0])], value=-1.0)


def _same(self, node):
    self.alias(node, node.args[0])


def _expand(self, node):
    source = self.value(node.args[0])
    result = _Value(node.name, node.meta["val"].shape)
    if getattr(source, "is_free", False) or result.sizes == source.sizes:
        # A parameter is a value of every sample already.
        own = source.shape[1:]
        if own[:1] == [1] and len(own) == len(result.shape):
            self.add(node, "reshape", [source.name], shape=own[1:])
            if result.sizes == own[1:]:
                return
            raise NotImplementedError("an expansion of a parameter")
        return self.alias(node, node.args[0])
    self.add(node, "expand", [source.name], sizes=result.sizes)


_ALIASES = {"alias", "detach", "clone", "contiguous", "to", "_to_copy", "lift_fresh_copy"}

_WRITERS = {
    "conv1d": _convolution(1), "conv2d": _convolution(2), "linear": _linear, "addmm": _addmm,
    "batch_norm": _batch_norm, "layer_norm": _layer_norm, "group_norm": _group_norm,
    "relu": _plain("relu"), "relu_": _plain("relu"), "sigmoid": _plain("sigmoid"), "tanh": _plain("tanh"),
    "silu": _plain("silu"), "silu_": _plain("silu"), "mish": _plain("mish"), "gelu": _gelu,
    "hardswish": _plain("hardswish"), "hardswish_": _plain("hardswish"),
    "hardsigmoid": _plain("hardsigmoid"), "hardsigmoid_": _plain("hardsigmoid"),
    "hardtanh": _hardtanh, "hardtanh_": _hardtanh, "clamp": _clamp, "relu6": _plain("relu6"),
    "elu": _plain("elu", "alpha"), "selu": _plain("selu"), "softplus": _plain("softplus", "beta", "threshold"),
    "leaky_relu": _plain("leaky_relu", "negative_slope"), "leaky_relu_": _plain("leaky_relu", "negative_slope"),
    "exp": _plain("exp"), "log": _plain("log"), "sqrt": _plain("sqrt"), "abs": _plain("abs"), "erf": _plain("erf"),
    "sin": _plain("sin"), "cos": _plain("cos"), "rsqrt": _rsqrt, "pow": _pow, "neg": _neg,
    "add": _binary("add"), "add_": _binary("add"), "sub": _binary("subtract"), "sub_": _binary("subtract"),
    "rsub": _binary("subtract"), "mul": _binary("multiply"), "mul_": _binary("multiply"), "div": _binary("divide"),
    "div_": _binary("divide"), "matmul": _matmul, "bmm": _matmul,
    "view": _reshape, "reshape": _reshape, "_unsafe_view": _reshape, "flatten": _reshape, "unflatten": _reshape,
    "permute": _permute, "transpose": _transpose, "unsqueeze": _unsqueeze, "squeeze": _reshape,
    "expand": _expand, "expand_as": _expand, "slice": _slice, "select": _select, "cat": _cat,
    "chunk": _parts("chunk"), "split": _parts("split"), "split_with_sizes": _parts("split"), "unbind": None,
    "getitem": _getitem, "mean": _reduction("mean"), "sum": _reduction("sum"),
    "linalg_vector_norm": _reduction("norm"),
    "max_pool2d": _pool("max_pool2d", False), "avg_pool2d": _pool("avg_pool2d", True),
    "adaptive_avg_pool2d": _adaptive("adaptive_avg_pool2d"), "adaptive_avg_pool1d": _adaptive("adaptive_avg_pool1d"),
    "roll": _roll, "pad": _pad, "constant_pad_nd": _pad, "embedding": _embedding,
    "scaled_dot_product_attention": _attention, "softmax": _axis("softmax"), "log_softmax": _axis("log_softmax"),
    "dropout": _same, "dropout_": _same, "feature_dropout": _same, "clone": _same, "contiguous": _same, "alias": _same,
    "detach": _same, "to": _same, "_to_copy": _same,
}
_WRITERS = {name: writer for name, writer in _WRITERS.items() if writer is not None}
