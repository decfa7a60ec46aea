"""Földiák's lateral rule: inhibition grows until two cells meet no more often than by chance.

Each lateral weight learns  dw/dt = -α (x y - p²) , held at or below 0. On average that is  -α (⟨x y⟩ - p²).

Fixed point: ⟨x y⟩ = p², what two independent cells would have that are each active with probability p; stable, since
more inhibition means fewer coincidences. Cells that meet less often than that lose their inhibition: w rises to 0.
`pre`, `post`: both the settled outputs of the layer, 0 or 1; set the diagonal of w to 0 after each step, since no cell
inhibits itself.
Use it for the lateral weights of a sparse code, with `instar` for the feedforward weights and a threshold for each cell
that moves by γ (y - p).
Pitfalls: without those thresholds no cell keeps to p, and the rule cannot decorrelate them. With a large α the code
changes with every pattern.
"""

from cofire.constraints import POSITIVE, Range
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = -alpha * (pre * post - p**2)"

foldiak = Recipe(
    name="foldiak",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "alpha": Parameter(0.1, "learning rate", POSITIVE),
        "p": Parameter(0.125, "probability that a cell is active, as the thresholds hold it", Range(low=0.0, high=1.0)),
    },
    source="P. Földiák, Forming sparse representations by local anti-Hebbian learning, Biol. Cybern. 64:165-170, "
    "1990. doi:10.1007/BF02331346",
    bounds=(None, 0.0),
)
