"""torchvision's classification networks with ten classes. torchvision is imported when the first one is made."""

import torch


def _models():
    # Some builds of torchvision come without their kernels, which no classification network needs. The import asks for
    # the names alone.
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision.models

    return torchvision.models


def named(name, outputs=10):
    """The network of that name, as a function of the shape of a picture."""
    return lambda shape: _models().get_model(name, weights=None, num_classes=outputs)


def vit(shape, outputs=10):
    """A vision transformer with patches of 4×4 and three blocks of width 96."""
    return _models().VisionTransformer(
        image_size=shape[1], patch_size=4, num_layers=3, num_heads=4, hidden_dim=96, mlp_dim=384, num_classes=outputs
    )
