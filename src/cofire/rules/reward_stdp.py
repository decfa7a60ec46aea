"""STDP gated by reward: spike pairs leave an eligibility that dopamine turns into weight.

Pairs change the eligibility e of the synapse as in `stdp_pair`; e fades with τ_e, and the weight learns  dw/dt = D e
with D the concentration of dopamine. One pair that leaves e = c, and dopamine d that comes a time T later and decays
with τ_d, change the weight by  c d exp(-T / τ_e) τ_e τ_d / (τ_e + τ_d).

Fixed point: none of the weight, which rests only while D e = 0. Independent Poisson trains of rates r and s hold e on
average at τ_e (A₊ τ₊ - A₋ τ₋) r s, below 0 with the defaults: dopamine that is unrelated weakens.
`pre`, `post`: spike trains. `dopamine`: one number a sample or step, per unit time of the rule; below 0 it is
punishment.
Use it for reward that comes seconds late, with nothing in between to mark the synapse that earned it.
Pitfalls: without a baseline subtracted from the reward, D is an average of everything, and the rule learns the mean
eligibility. No `bounds` are declared: give them, as the paper's (0, 4 mV). The reward must come within a few τ_e.
"""

from cofire.constraints import NONNEGATIVE, POSITIVE
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms, second

EQUATION = """\
dw/dt = dopamine * e
de/dt = -e / tau_e + A_plus * trace(pre, tau_plus) * post - A_minus * trace(post, tau_minus) * pre"""

reward_stdp = Recipe(
    name="reward_stdp",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "A_plus": Parameter(0.1, "eligibility from one pair, pre before post", NONNEGATIVE),
        "A_minus": Parameter(0.15, "eligibility taken by one pair, post before pre", NONNEGATIVE),
        "tau_plus": Parameter(20 * ms, "time constant of potentiation, a time", POSITIVE),
        "tau_minus": Parameter(20 * ms, "time constant of depression, a time", POSITIVE),
        "tau_e": Parameter(1 * second, "time constant of the eligibility, a time", POSITIVE),
    },
    source="E. M. Izhikevich, Solving the distal reward problem through linkage of STDP and dopamine signaling, "
    "Cereb. Cortex 17:2443-2452, 2007. doi:10.1093/cercor/bhl152",
    signals=("dopamine",),
)
