"""The anti-Hebbian rule: cells that are active together learn to silence each other.

Each weight learns  dw/dt = -η x y . With a linear cell, y = w·x, that is on average  -η C w  with  C = ⟨x xᵀ⟩ : the
response to the directions of largest variance dies out first.

Fixed point: where x and y are uncorrelated, ⟨x y⟩ = 0. Feedforward and linear, that is C w = 0. Between the cells of a
layer, where a stronger inhibition lowers the correlation, it is a layer of decorrelated cells, and stable.
`pre`, `post`: for lateral weights both are the activities of the layer, with mean zero; set the diagonal of w to 0
after each step.
Use it for decorrelation, for novelty filters, and beside a Hebbian rule that would make all cells alike.
Pitfalls: with positive activities ⟨x y⟩ cannot vanish and inhibition grows for ever: subtract the mean, or take
`foldiak`. With an imposed `post` the weights fall without bound.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = -eta * pre * post"

anti_hebb = Recipe(
    name="anti_hebb",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.01, "learning rate", POSITIVE)},
    source="P. Földiák, Adaptive network for optimal linear feature extraction, Proc. IEEE/INNS Int. Joint Conf. "
    "Neural Networks 1:401-405, 1989",
)
