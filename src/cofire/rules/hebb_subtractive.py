"""Hebb with subtractive normalisation: what one synapse gains, the others lose in equal parts.

Each weight learns  dw/dt = η y f (x - Σ_k f_k x_k / Σ_k f_k)  with f = 1 for a synapse that is free, 0 < w < w_max, and
0 for one that has reached an end: there it stays. So the sum of the weights onto a cell does not change, but for what
is cut off as synapses reach the ends.

Fixed point: every synapse at an end, or y uncorrelated with each free input's deviation from the mean of the free ones.
The latter is unstable: with a linear cell the weights grow along the first eigenvector of P C P, where C = ⟨x xᵀ⟩ and P
takes away the mean, until all but one are at 0 or w_max.
`pre`, `post`: any activities; with rates of mean zero C is the covariance, as in the models of development.
Use it where inputs compete for a cell: ocular dominance, orientation, receptive fields that refine. A weight that
starts at 0 is a synapse that does not exist, so an arbor is drawn by the weights at the start.
Pitfalls: what has reached an end never comes back. `bounds` must be (0, w_max). A sum that is kept by dividing instead
(`normalize="l1"`, or the decay in `oja`) keeps inputs that are positively correlated together, and no eye wins.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = """\
dw/dt = eta * post * free * (pre - sum_pre(free * pre) / max(sum_pre(free), 1))
free = sign(w) * sign(w_max - w)"""

hebb_subtractive = Recipe(
    name="hebb_subtractive",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "eta": Parameter(0.01, "learning rate", POSITIVE),
        "w_max": Parameter(1.0, "the largest weight, the same as in `bounds`", POSITIVE),
    },
    source="K. D. Miller, J. B. Keller, M. P. Stryker, Ocular dominance column development: analysis and simulation, "
    "Science 245:605-615, 1989. doi:10.1126/science.2762813; K. D. Miller, D. J. C. MacKay, The role of constraints in "
    "Hebbian learning, Neural Comput. 6:100-126, 1994. doi:10.1162/neco.1994.6.1.100",
    bounds=(0.0, 1.0),
)
