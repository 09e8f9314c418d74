"""Arrays of the service and correlations, without packages, for computations of experiments beside the service."""

import array
import ast
import json
import struct


def read_npy(path):
    """The shape and the flat values of an .npy file of float32, float64 or int64 in C order."""
    with open(path, "rb") as file:
        if file.read(6) != b"\x93NUMPY":
            raise ValueError(f"{path} is no .npy file")
        major = file.read(2)[0]
        length = struct.unpack("<H", file.read(2))[0] if major == 1 else struct.unpack("<I", file.read(4))[0]
        header = ast.literal_eval(file.read(length).decode("latin1"))
        values = array.array({"<f4": "f", "<f8": "d", "<i8": "q"}[header["descr"]])
        values.frombytes(file.read())
    if header["fortran_order"]:
        raise ValueError(f"{path} is not in C order")
    return header["shape"], values


def npy(values, shape):
    """The bytes of an .npy file of an `array` of float32, float64 or int64."""
    kind = {"f": "<f4", "d": "<f8", "q": "<i8"}[values.typecode]
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values.tobytes()


def rows(path):
    """The rows of a matrix."""
    (height, width), values = read_npy(path)
    return [values[row * width : (row + 1) * width] for row in range(height)]


def read_safetensors(path):
    """All values of a file of float64 tensors, one tensor after the other as they lie in it."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
        bytes_ = file.read()
    values = array.array("d")
    for name, entry in sorted(header.items(), key=lambda item: item[1].get("data_offsets", [0])[0]):
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F64":
            raise ValueError(f"{path}: {name} is {entry['dtype']}, not F64")
        values.frombytes(bytes_[slice(*entry["data_offsets"])])
    return values


def pearson(first, second):
    n = len(first)
    a, b = sum(first) / n, sum(second) / n
    product = sum((x - a) * (y - b) for x, y in zip(first, second))
    spread = sum((x - a) ** 2 for x in first) * sum((y - b) ** 2 for y in second)
    return product / spread**0.5 if spread > 0 else float("nan")


def ranks(values):
    """From 1; equal values share their mean rank."""
    order = sorted(range(len(values)), key=values.__getitem__)
    result = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in range(start, end + 1):
            result[order[place]] = (start + end) / 2 + 1
        start = end + 1
    return result


def spearman(first, second):
    return pearson(ranks(first), ranks(second))


def dot(first, second):
    return sum(x * y for x, y in zip(first, second))


def mean_and_deviation(values):
    """As text; the deviation is that of a sample."""
    mean = sum(values) / len(values)
    if len(values) < 2:
        return f"{mean:.3f}"
    spread = (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5
    return f"{mean:.3f} ± {spread:.3f}"
