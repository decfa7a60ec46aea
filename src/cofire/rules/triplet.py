"""The triplet rule: pair STDP in which a third spike scales the pair.

At a postsynaptic spike the weight gains  r₁ (A₂₊ + A₃₊ o₂), at a presynaptic one it loses  o₁ (A₂₋ + A₃₋ r₂), with
traces r₁ (τ₊) and r₂ (τ_x) of `pre`, o₁ (τ₋) and o₂ (τ_y) of `post`. Independent Poisson trains of rates r and s change
the weight on average by  r s (τ₊ (A₂₊ + A₃₊ τ_y s) - τ₋ (A₂₋ + A₃₋ τ_x r))  per unit time: with A₃₋ = 0 a BCM rule of
the postsynaptic rate.

Fixed point: the weight has none, but its drift vanishes at s = (τ₋ (A₂₋ + A₃₋ τ_x r) / τ₊ - A₂₊) / (A₃₊ τ_y), 19.2 Hz
with the defaults: depression below, potentiation above.
`pre`, `post`: spike trains; as rates, a trace is the leaky integral of the rate.
Use it for pairing at different frequencies and for triplets and quadruplets, which pair rules fail. The defaults are
the fit to visual cortex, all spikes counted, minimal model; A₃₋ = 0 leaves τ_x without effect.
Pitfalls: unstable by itself, since the threshold does not slide: add `bounds`. Amplitudes are relative to the weight at
the start.
"""

from cofire.constraints import NONNEGATIVE, POSITIVE
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms

EQUATION = """\
dw/dt = trace(pre, tau_plus) * post * (A2_plus + A3_plus * trace(post, tau_y))
        - trace(post, tau_minus) * pre * (A2_minus + A3_minus * trace(pre, tau_x))"""

triplet = Recipe(
    name="triplet",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "A2_plus": Parameter(0.0, "potentiation by a pair, in the unit of the weights", NONNEGATIVE),
        "A3_plus": Parameter(6.5e-3, "potentiation by post-pre-post, in the unit of the weights", NONNEGATIVE),
        "A2_minus": Parameter(7.1e-3, "depression by a pair, in the unit of the weights", NONNEGATIVE),
        "A3_minus": Parameter(0.0, "depression by pre-post-pre, in the unit of the weights", NONNEGATIVE),
        "tau_plus": Parameter(16.8 * ms, "time constant of the fast presynaptic trace, a time", POSITIVE),
        "tau_minus": Parameter(33.7 * ms, "time constant of the fast postsynaptic trace, a time", POSITIVE),
        "tau_x": Parameter(101 * ms, "time constant of the slow presynaptic trace, a time", POSITIVE),
        "tau_y": Parameter(114 * ms, "time constant of the slow postsynaptic trace, a time", POSITIVE),
    },
    source="J.-P. Pfister, W. Gerstner, Triplets of spikes in a model of spike timing-dependent plasticity, J. "
    "Neurosci. 26:9673-9682, 2006. doi:10.1523/JNEUROSCI.1425-06.2006",
)
