"""Arithmetic of several values, products of matrices, and reductions."""

from .registry import Missing, arguments, writes


def binary(op, swapped=False):
    """A writer of an operation of two values, or of a value and a number."""

    def write(self, call):
        a = arguments(call)
        left, right = (a["other"], a["self"]) if swapped else (a["self"], a["other"])
        alpha = a.get("alpha", 1)
        if a.get("rounding_mode") is not None or alpha != 1 and op != "add":
            raise Missing(f"{self.operation(call)} with its options")
        options = {"alpha": alpha} if alpha != 1 else {}
        shape = call.meta["val"].shape
        numbers = [self.number(operand, len(shape)) for operand in (left, right)]
        if numbers[1] is not None:
            value = self.value(left)
            if value.rank == len(shape):
                return self.add(call, op, [value.name], value.dropped, value=numbers[1], **options)
        if numbers[0] is not None and not options:
            value = self.value(right)
            if value.rank == len(shape):
                if op in ("subtract", "divide"):
                    options["reversed"] = True
                return self.add(call, op, [value.name], value.dropped, value=numbers[0], **options)
        names, axis = self.broadcast([self.value(left), self.value(right)], shape)
        self.add(call, op, names, axis, **options)

    return write


writes("add")(binary("add"))
writes("sub")(binary("subtract"))
writes("rsub")(binary("subtract", swapped=True))
writes("mul")(binary("multiply"))
writes("div")(binary("divide"))


@writes("matmul", "bmm", "mm")
def matmul(self, call):
    operands = [self.value(argument) for argument in call.args[:2]]
    if min(value.rank for value in operands) < 2:
        raise Missing("matmul with a vector")
    shape = call.meta["val"].shape
    axis = self.shared_axis(operands, shape)
    if axis is not None and axis >= len(shape) - 2:
        axis = None
    self.add(call, "matmul", [self.aligned(value, len(shape), axis).name for value in operands], axis)


@writes("einsum")
def einsum(self, call):
    """A sum over products of two operands, as a product of matrices between permutations."""
    equation = call.args[0].replace(" ", "")
    operands = [self.value(operand) for operand in call.args[1]]
    terms, _, result = equation.partition("->")
    terms = terms.split(",")
    if len(terms) != 2 or "..." in equation or not result or any(len(set(term)) < len(term) for term in terms):
        raise Missing(f"einsum {equation}")
    left, right = terms
    sizes = {label: size for term, value in zip(terms, operands) for label, size in zip(term, value.shape)}
    shared = [label for label in result if label in left and label in right]
    summed = [label for label in left if label in right and label not in result]
    rows = [label for label in result if label in left and label not in right]
    columns = [label for label in result if label in right and label not in left]
    if len(shared + rows + columns) != len(result) or len(rows + shared + summed) != len(left) or len(
            columns + shared + summed) != len(right):  # fmt: skip
        raise Missing(f"einsum {equation}")
    # An axis of one place that all have is left out.
    axis = self.shared_axis(operands, call.meta["val"].shape)
    omitted = result[axis] if axis is not None and result[axis] in shared else None
    shared = [label for label in shared if label != omitted]

    def count(labels):
        product = 1
        for label in labels:
            product *= sizes[label]
        return product

    names = []
    for value, term, groups in zip(operands, terms, ((rows, summed), (summed, columns))):
        value = self.without(value, term.index(omitted) if omitted else None)
        own = [label for label in term if label != omitted]
        order = shared + groups[0] + groups[1]
        name = value.name
        if order != own:
            name = self.node("permute", f"{name}.permute", [name], dims=[0] + [own.index(label) + 1 for label in order])
        if len(groups[0]) != 1 or len(groups[1]) != 1:
            matrix = [sizes[label] for label in shared] + [count(groups[0]), count(groups[1])]
            name = self.node("reshape", f"{name}.reshape", [name], shape=matrix)
        names.append(name)
    given = shared + rows + columns
    steps = []
    if len(rows) != 1 or len(columns) != 1:
        steps.append(("reshape", {"shape": [sizes[label] for label in given]}))
    wanted = [label for label in result if label != omitted]
    if wanted != given:
        steps.append(("permute", {"dims": [0] + [given.index(label) + 1 for label in wanted]}))
    dropped = result.index(omitted) if omitted else None
    if not steps:
        return self.add(call, "matmul", names, dropped)
    name = self.node("matmul", f"{self.title(call)}.product", names)
    for op, options in steps[:-1]:
        name = self.node(op, f"{name}.{op}", [name], **options)
    op, options = steps[-1]
    self.add(call, op, [name], dropped, **options)


def reduction(op):
    def write(self, call):
        a = arguments(call)
        if op == "norm" and a["ord"] != 2:
            raise Missing("linalg_vector_norm of another order than 2")
        source = self.value(a["self"])
        dims = a.get("dim")
        dims = [dims] if isinstance(dims, int) else dims or range(source.rank)
        dims = [dim % source.rank for dim in dims]
        value = self.keeping(source, dims)
        dropped = value.dropped
        if dropped is not None and not a.get("keepdim"):
            dropped -= sum(dim < dropped for dim in dims)
        self.add(call, op, [value.name], dropped, dim=[value.axis(dim) for dim in dims],
                 keepdim=bool(a.get("keepdim")))  # fmt: skip

    return write


writes("mean")(reduction("mean"))
writes("sum")(reduction("sum"))
writes("linalg_vector_norm")(reduction("norm"))


def along(op):
    """A writer of a function along one axis that keeps the shape."""

    def write(self, call):
        dim = arguments(call)["dim"]
        value = self.keeping(self.value(call.args[0]), [dim])
        self.add(call, op, [value.name], value.dropped, dim=value.axis(dim))

    return write


for operation in ("softmax", "log_softmax"):
    writes(operation, f"_{operation}")(along(operation))
