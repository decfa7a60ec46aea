"""Competitive learning: the winner shifts a fixed sum of weight to its active inputs.

Each weight learns  dw/dt = η y (x / Σx - w) , the sum being over the presynaptic cells. The summed weight s onto a cell
obeys ds/dt = η y (1 - s): it goes to 1, so that a synapse gains only what others lose.

Fixed point: w = ⟨y x / Σx⟩ / ⟨y⟩, whose entries sum to 1: the mean of the normalised inputs that the cell wins; stable.
`pre`: at least 0, and not silent. `post`: one-hot, 1 for the winner and 0 for all others.
Use it to find clusters among patterns, active lines being 1 and the others 0; start from rows that sum to 1.
Pitfalls: a sample of zeros only has no normalised form (0/0) and raises `ArrayError`: leave it out of the batch.
Cells that never win never learn; the paper lets losers learn at a smaller rate (give them a small `post`).
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * post * (pre / sum_pre(pre) - w)"

competitive = Recipe(
    name="competitive",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.05, "learning rate: the share of its weight that a winner moves", POSITIVE)},
    source="D. E. Rumelhart, D. Zipser, Feature discovery by competitive learning, Cogn. Sci. 9:75-112, 1985. "
    "doi:10.1207/s15516709cog0901_5",
)
