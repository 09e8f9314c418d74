"""Records the operations of ATen that a module calls for one batch, as a `torch.fx.Graph`.

The module runs as it is, so a trace takes little longer than the module. In inference mode a dispatch mode sees
operations before PyTorch takes them apart: `linear` is one call.
"""

import operator
import os
import sys

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map


class Recorder(TorchDispatchMode):
    """The calls under `with`.

    - `graph`: nodes with `meta["val"]`, the result, `meta["modules"]`, the modules that make the call, each with
      its path and the number of its run, and `meta["line"]`, the line of the program that makes it.
    - `tensors`: the names of parameters and buffers by their nodes.
    - `constants`: tensors that no recorded call made, by their nodes.
    """

    def __init__(self, module):
        super().__init__()
        self.module = module
        self.graph = torch.fx.Graph()
        self.tensors = {}
        self.constants = {}
        self.running = []
        self.runs = 0
        # Whether each result is copied into `meta["kept"]`: a later call may write into the result itself.
        self.keeps = False
        # The latest node of each tensor. Tensors are kept, so that no other gets the same identity.
        self.nodes = {}
        self.names = {}
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            self.names.setdefault(id(tensor), name)

    def run(self, batch):
        """Records the module on a batch, and returns the node of the first output."""
        hooks = []
        for path, module in self.module.named_modules():
            hooks.append(module.register_forward_pre_hook(lambda module, _, path=path: self.enter(path, module)))
            hooks.append(module.register_forward_hook(lambda *_: self.leave(), always_call=True))
        # One operation for a whole layer would not show its parts.
        fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        self.new(self.graph.placeholder("input"), batch)
        try:
            with torch.inference_mode(), self:
                results = self.module(batch)
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
            for hook in hooks:
                hook.remove()
        first = next(leaf for leaf in tree_leaves(results) if isinstance(leaf, torch.Tensor))
        return self.node(first)

    def enter(self, path, module):
        self.runs += 1
        self.running.append((path, module, self.runs))

    def leave(self):
        self.running.pop()

    def new(self, node, result):
        node.meta["val"] = result
        node.meta["modules"] = list(self.running)
        node.meta["line"] = line_of_call()
        if isinstance(result, torch.Tensor):
            self.nodes[id(result)] = (node, result)
            if self.keeps:
                node.meta["kept"] = result.clone()
        return node

    def node(self, tensor):
        """The latest node of a tensor."""
        if id(tensor) not in self.nodes:
            name = self.names.get(id(tensor))
            node = self.new(self.graph.placeholder(name or "constant"), tensor)
            if name is None:
                self.constants[node] = tensor
            else:
                self.tensors[node] = name
        return self.nodes[id(tensor)][0]

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}

        def known(argument):
            return self.node(argument) if isinstance(argument, torch.Tensor) else argument

        nodes, named = tree_map(known, (tuple(args), kwargs))
        result = function(*args, **kwargs)
        call = self.new(self.graph.call_function(function, nodes, named), result)
        if isinstance(result, (tuple, list)):
            for index, part in enumerate(result):
                if isinstance(part, torch.Tensor):
                    self.new(self.graph.call_function(operator.getitem, (call, index)), part)
        return result


# Files whose lines say nothing about a module of one's own: PyTorch's, and these.
LIBRARIES = (os.path.dirname(torch.__file__) + os.sep, os.path.dirname(__file__) + os.sep)


def line_of_call():
    """The innermost line outside of PyTorch that is running, as file:line; empty if there is none below the trace."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(LIBRARIES) and not file.startswith("<"):
            return f"{os.path.basename(file)}:{frame.f_lineno}"
        if frame.f_code.co_name == "run" and file == __file__:
            return ""
        frame = frame.f_back
    return ""
