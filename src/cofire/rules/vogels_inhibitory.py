"""Inhibitory plasticity: inhibition grows or shrinks until the cell fires at its target rate.

A pair of spikes adds  η exp(-|t| / τ)  in either order, and each presynaptic spike alone takes  2 η ρ₀ τ. Independent
Poisson trains of rates r and s change the weight on average by  2 η τ r (s - ρ₀)  per unit time.

Fixed point: a postsynaptic rate of ρ₀, stable because w is the size of an inhibition; then inhibition mirrors
excitation, channel by channel.
`pre`: spike trains of inhibitory cells. `post`: spike trains of the cells they inhibit. w is positive, the size of the
inhibition.
Use it to balance a network, to keep it asynchronous, and for homeostasis of rates beside any excitatory rule.
Pitfalls: synapses of silent inhibitory cells never learn. The target must be within reach: without excitation enough
for ρ₀ the weights go to 0. η is in the unit of the weights: 0.001 is that of the paper's single cell, its network has
0.01 nS.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import Hz, ms

EQUATION = "dw/dt = eta * (trace(pre, tau) * post + (trace(post, tau) - 2 * rho_0 * tau) * pre)"

vogels_inhibitory = Recipe(
    name="vogels_inhibitory",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "eta": Parameter(1e-3, "change by one pair, in the unit of the weights", POSITIVE),
        "rho_0": Parameter(3 * Hz, "target rate of the postsynaptic cell, a frequency", POSITIVE),
        "tau": Parameter(20 * ms, "time constant of coincidence, a time", POSITIVE),
    },
    source="T. P. Vogels, H. Sprekeler, F. Zenke, C. Clopath, W. Gerstner, Inhibitory plasticity balances excitation "
    "and inhibition in sensory pathways and memory networks, Science 334:1569-1573, 2011. "
    "doi:10.1126/science.1211095",
    bounds=(0.0, None),
)
