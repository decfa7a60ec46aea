"""Torch layers that learn by a rule (extra: `pip install cofire[torch]`).

layer = cofire.torch.plastic(nn.Conv2d(3, 96, 5), cofire.rules.oja(eta=0.01))
layer(images)                      # in train() the weights learn; in eval() they rest

plastic         an nn.Linear or nn.Conv that learns at each forward pass in train()
accumulate      pieces of a batch learned as one
scales          how far a step goes
soft_hebb_net   the published SoftHebb networks, `PRESETS["cifar10"]` ...
"""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError("cofire.torch needs torch, which is not installed: pip install 'cofire[torch]'") from error

from cofire.torch import scales
from cofire.torch.layer import Plastic, accumulate, plastic
from cofire.torch.soft_hebb import PRESETS, Block, Preset, soft_hebb_block, soft_hebb_net

__all__ = [
    "PRESETS",
    "Block",
    "Plastic",
    "Preset",
    "accumulate",
    "plastic",
    "scales",
    "soft_hebb_block",
    "soft_hebb_net",
]
