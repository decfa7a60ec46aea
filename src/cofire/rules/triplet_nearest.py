"""The triplet rule, nearest spikes only: a trace remembers the last spike of its cell and no other.

As `triplet`, with traces set to 1 at a spike instead of raised by 1: at a postsynaptic spike the weight gains
r₁ (A₂₊ + A₃₊ o₂), at a presynaptic one it loses  o₁ (A₂₋ + A₃₋ r₂), with r₁ (τ₊) and r₂ (τ_x) of `pre`, o₁ (τ₋) and
o₂ (τ_y) of `post`. Where spikes are further apart than the time constants it is the same as `triplet`.

Fixed point: the weight has none. The time since the last spike of a Poisson train of rate r makes exp(-t / τ) on
average  r τ / (1 + r τ), so with A₂₊ = A₃₋ = 0 the drift under independent trains of rates r and s vanishes where
A₃₊ τ₊ τ_y s (1 + s τ₋) = A₂₋ τ₋ (1 + r τ₊) (1 + s τ_y): depression below that s, potentiation above.
`pre`, `post`: spike trains; a rate has no nearest spike, and `step` refuses one.
Use it where real protocols mix bursts and pauses: unlike the all-to-all form, it fits the pairing data of visual cortex
whether the pairs come in bursts or one by one. The defaults are that fit, minimal model; A₃₋ = 0 leaves τ_x without
effect.
Pitfalls: unstable by itself, since the threshold does not slide: add `bounds`. Amplitudes are relative to the weight at
the start.
"""

from cofire.constraints import NONNEGATIVE, POSITIVE
from cofire.rules._recipe import Parameter, Recipe
from cofire.units import ms

EQUATION = """\
dw/dt = nearest(pre, tau_plus) * post * (A2_plus + A3_plus * nearest(post, tau_y))
        - nearest(post, tau_minus) * pre * (A2_minus + A3_minus * nearest(pre, tau_x))"""

triplet_nearest = Recipe(
    name="triplet_nearest",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "A2_plus": Parameter(0.0, "potentiation by a pair, in the unit of the weights", NONNEGATIVE),
        "A3_plus": Parameter(5.0e-2, "potentiation by post-pre-post, in the unit of the weights", NONNEGATIVE),
        "A2_minus": Parameter(8.0e-3, "depression by a pair, in the unit of the weights", NONNEGATIVE),
        "A3_minus": Parameter(0.0, "depression by pre-post-pre, in the unit of the weights", NONNEGATIVE),
        "tau_plus": Parameter(16.8 * ms, "time constant of the fast presynaptic trace, a time", POSITIVE),
        "tau_minus": Parameter(33.7 * ms, "time constant of the fast postsynaptic trace, a time", POSITIVE),
        "tau_x": Parameter(714 * ms, "time constant of the slow presynaptic trace, a time", POSITIVE),
        "tau_y": Parameter(40 * ms, "time constant of the slow postsynaptic trace, a time", POSITIVE),
    },
    source="J.-P. Pfister, W. Gerstner, Triplets of spikes in a model of spike timing-dependent plasticity, J. "
    "Neurosci. 26:9673-9682, 2006, nearest-spike scheme. doi:10.1523/JNEUROSCI.1425-06.2006",
)
