"""Kohonen's self-organising map: the winner and its neighbours move towards the input.

Each weight learns  dw/dt = η h (x - w)  with  h = `post`  the neighbourhood: 1 at the winner, falling off with distance
on the map. On average that is  η (⟨h x⟩ - ⟨h⟩ w).

Fixed point: w = ⟨h x⟩ / ⟨h⟩, the mean of the inputs weighted by the cell's share in them; neighbours share, so nearby
cells come to represent similar inputs.
`pre`: inputs. `post`: exp(-d² / (2 σ²)), d the distance on the map from the winner, the cell whose w is nearest to the
input.
Use it for maps that keep the neighbourhoods of the data, and for the maps of the cortex. The equation is `instar`; the
map is in `post`.
Pitfalls: begin with σ about half the map and shrink it while η falls, else the map stays folded. With a vanishing σ it
is online k-means. η h must stay below 1.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * post * (pre - w)"

kohonen = Recipe(
    name="kohonen",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.1, "learning rate", POSITIVE)},
    source="T. Kohonen, Self-organized formation of topologically correct feature maps, Biol. Cybern. 43:59-69, 1982. "
    "doi:10.1007/BF00337288",
)
