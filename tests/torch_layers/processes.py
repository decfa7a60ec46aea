"""A net that learns, and a process of two that share its learning: apart, so that the process imports little."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import distributed, nn

from cofire import activations, rules
from cofire.torch import plastic, scales


def make_net() -> Any:
    """Two layers with memories of their own; float64, so that only the order of sums is left as a difference."""
    return nn.Sequential(
        plastic(nn.Conv2d(2, 3, 3, padding=1, dtype=torch.float64), rules.bcm(eta=0.01)),
        nn.ReLU(),
        plastic(
            nn.Conv2d(3, 4, 3, stride=2, groups=1, dtype=torch.float64),
            rules.soft_hebb(),
            activation=partial(activations.soft, temperature=2.0),
            scale=partial(scales.slowing, rate=0.1),
        ),
        nn.Flatten(),
        plastic(nn.Linear(36, 5, dtype=torch.float64), rules.covariance(eta=0.01)),
    )


def images(n: int) -> Any:
    return torch.rand(n, 2, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def learn(rank: int, port: int, path: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    torch.manual_seed(0)
    net = make_net()
    head = nn.Linear(5, 2, dtype=torch.float64)
    whole = nn.parallel.DistributedDataParallel(nn.Sequential(net, head))
    for part in images(12).split(6):  # two steps, three images a process
        whole(part.split(3)[rank]).sum().backward()
    torch.save(net.state_dict(), f"{path}/{rank}.pt")
    while not Path(path, f"{1 - rank}.pt").exists():  # until then the other may be receiving
        time.sleep(0.01)
    os._exit(0)  # torch 2.13 can hang on its way out: it joins, holding the GIL, a thread of gloo that waits for it
