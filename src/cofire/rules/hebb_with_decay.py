"""Hebb's rule with forgetting: a weight follows recent coincidences and fades without them.

Each weight learns  dw/dt = η x y - w / τ , so it is a running sum of coincidences over the last τ.

Fixed point where `post` is imposed: w = η τ ⟨x y⟩, stable; with the defaults that is ⟨x y⟩ itself.
With a linear cell, y = w·x, the mean change is (η C - 1/τ) w with C = ⟨x xᵀ⟩: below η τ λ = 1 for the largest
eigenvalue λ every weight decays to 0, above it the weights grow without bound.
`pre`, `post`: any activities.
Use it for memory that fades with time, used or not, and as the simplest rule with a stable weight.
Pitfalls: forgetting goes on in silence, so what is not repeated within τ is lost. It tames Hebbian growth only while
η τ λ < 1. A step of rates must be shorter than τ.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * pre * post - w / tau_w"

hebb_with_decay = Recipe(
    name="hebb_with_decay",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "eta": Parameter(0.01, "learning rate", POSITIVE),
        "tau_w": Parameter(100.0, "time constant of forgetting, in steps or as a time", POSITIVE),
    },
    source="W. Gerstner, W. M. Kistler, Mathematical formulations of Hebbian learning, Biol. Cybern. 87:404-415, "
    "2002. doi:10.1007/s00422-002-0353-y",
)
