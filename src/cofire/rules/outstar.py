"""The outstar: while a cell is active, its outgoing weights move towards the pattern it meets.

Each weight learns  dw/dt = η x (y - w) . On average that is  η (⟨x y⟩ - ⟨x⟩ w).

Fixed point: w = ⟨x y⟩ / ⟨x⟩, the mean postsynaptic pattern weighted by the presynaptic activity, stable for positive x.
The cell then plays that pattern back: its column of w is the pattern.
`pre`: at least 0, the command cell, often one-hot. `post`: the pattern imposed on the layer, not the layer's own
response.
Use it to attach an output pattern to a category: the counterpart of `instar`.
Pitfalls: with the layer's own response for `post`, it learns what it already says. Where several presynaptic cells are
active at once each learns the whole pattern, and together they recall too much; `delta` shares it out. η x must stay
below 1.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * pre * (post - w)"

outstar = Recipe(
    name="outstar",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.1, "learning rate", POSITIVE)},
    source="S. Grossberg, Some nonlinear networks capable of learning a spatial pattern of arbitrary complexity, "
    "Proc. Natl. Acad. Sci. USA 59:368-372, 1968",
)
