"""Writes a PyTorch module as the graph of nodes that the service takes (`{"nodes": …, "outputs": …}`).

The module runs once with a batch of one sample, and its calls of ATen are recorded (`recorder.py`).
So every axis of the trace belongs to the sample, wherever the module moves its batch, and whatever it merges the batch
with (`values.py`).
A value that depends neither on the input nor on a parameter is computed and becomes a constant (`trace.py`).
The other files write the calls of the trace as nodes, one family of operations each.
"""

# These register their operations.
from . import arithmetic, attention, choices, functions, shapes, weights, windows  # noqa: F401
from .names import tensor_names
from .registry import Unsupported
from .trace import graph_of, values_of

__all__ = ["Unsupported", "graph_of", "tensor_names", "values_of"]
