"""Hebb gated by salience: a striking event is learnt at once and for good, a mild one for a while.

Each weight learns  dw/dt = η s x y (1 - w) - m / τ  with s = `salience`, the arousal at that moment. What is learnt
while s is below the threshold goes into m, the mild part of w, which fades with τ; above it nothing of it does.

Fixed point: w = 1 where x y s is above 0 and m = 0. In silence w comes to rest at what was learnt above the threshold.
`pre`, `post`: any activities, not negative. `salience`: one number a sample or step, 1 for an everyday event.
Use it for fear learnt in one trial and kept for life beside everyday memories that are not, and for emotional memory.
Pitfalls: η s x y must stay below 1 in a step. The equation is ours: the source says that arousal decides, by way of the
amygdala and stress hormones, what is consolidated; the sharp threshold stands for that.
"""

from cofire.constraints import NONNEGATIVE, POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = """\
dw/dt = eta * salience * pre * post * (1 - w) - m / tau_m
dm/dt = eta * salience * step(threshold - salience) * pre * post * (1 - w) - m / tau_m"""

salient_hebb = Recipe(
    name="salient_hebb",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "eta": Parameter(0.05, "learning rate of an everyday event", POSITIVE),
        "threshold": Parameter(3.0, "salience above which what is learnt lasts", NONNEGATIVE),
        "tau_m": Parameter(1000.0, "time constant with which the mild part fades, in steps or as a time", POSITIVE),
    },
    source="J. L. McGaugh, The amygdala modulates the consolidation of memories of emotionally arousing experiences, "
    "Annu. Rev. Neurosci. 27:1-28, 2004. doi:10.1146/annurev.neuro.27.070203.144157",
    signals=("salience",),
)
