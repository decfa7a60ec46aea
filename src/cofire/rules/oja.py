"""Oja's rule: Hebb with just enough forgetting to keep the weights at length one.

Each cell learns  dw/dt = η y (x - y w)  with  y = w·x. On average that is  η (C w - (wᵀC w) w)  with C = ⟨x xᵀ⟩.

Fixed point: w is the first eigenvector of C, |w| = 1; the response variance is the largest eigenvalue.
Use it for one cell; several cells with this rule all learn the same eigenvector (see `oja_subspace`, `sanger`).
Pitfalls: inputs should have mean zero, else it learns the mean. It diverges when η |x|² is of order 1.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * post * (pre - post * w)"

oja = Recipe(
    name="oja",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.01, "learning rate", POSITIVE)},
    source="E. Oja, A simplified neuron model as a principal component analyzer, J. Math. Biol. 15:267-273, 1982. "
    "doi:10.1007/BF00275687",
)
