"""The BCM rule: Hebb with a threshold that slides with the cell's own activity.

Each weight learns  dw/dt = η x y (y - θ)  with  θ = ⟨y²⟩ / y₀ : responses above θ strengthen, weaker ones weaken, and a
cell that is too active raises θ. With y = w·x and a fast θ it climbs  ⟨y³⟩ / 3 - ⟨y²⟩² / (4 y₀).

Fixed point: w = 0, or selectivity: among linearly independent patterns the cell answers one, of probability p, with
y = y₀ / p = θ, and all others with 0. Only such selective points are stable; for n equally frequent patterns y = n y₀.
`pre`: rates. `post`: the response, `pre @ w.T`, usually cut off at 0.
Use it for selectivity without competition between cells: orientation, ocular dominance.
Pitfalls: θ must be slow enough to average over the patterns, yet τ η |x|² y₀ must stay below 1, else the response
oscillates. θ starts at 0, where everything strengthens: run some samples first, keep the state and throw the weights
away.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = """\
dw/dt = eta * pre * post * (post - theta)
theta = mean(post**2, tau_theta) / y_0"""

bcm = Recipe(
    name="bcm",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "eta": Parameter(0.001, "learning rate", POSITIVE),
        "tau_theta": Parameter(100.0, "time constant of the threshold, in steps or as a time", POSITIVE),
        "y_0": Parameter(1.0, "target activity, in the unit of `post`", POSITIVE),
    },
    source="E. L. Bienenstock, L. N. Cooper, P. W. Munro, Theory for the development of neuron selectivity: "
    "orientation specificity and binocular interaction in visual cortex, J. Neurosci. 2:32-48, 1982. "
    "doi:10.1523/JNEUROSCI.02-01-00032.1982; in the form of N. Intrator, L. N. Cooper, Objective function "
    "formulation of the BCM theory of visual cortical plasticity: statistical connections, stability "
    "conditions, Neural Networks 5:3-17, 1992. doi:10.1016/S0893-6080(05)80003-6",
)
