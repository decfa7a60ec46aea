"""Sanger's rule: each cell learns one principal component, in order of variance.

Cell i learns  dw_i/dt = η y_i (x - Σ_(k ≤ i) y_k w_k)  with  y = W x : Oja's rule on what the cells before it leave
over. On average that is  η (W C - LT(W C Wᵀ) W)  with  C = ⟨x xᵀ⟩  and LT the lower triangle, diagonal included.

Fixed point: row i is the i-th eigenvector of C, of length one, with either sign; the variance of y_i is the i-th
eigenvalue.
`pre`: inputs of mean zero. `post`: the linear responses, `pre @ w.T`.
Use it for principal components learnt from a stream, without ever forming C. One cell alone is `oja`.
Pitfalls: components come one after another and late ones need long; equal eigenvalues leave a rotation open. It
diverges when η |x|² is of order 1. The sum over earlier cells is not local to one synapse.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * post * (pre - reconstruct_ordered(post))"

sanger = Recipe(
    name="sanger",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.01, "learning rate", POSITIVE)},
    source="T. D. Sanger, Optimal unsupervised learning in a single-layer linear feedforward neural network, Neural "
    "Networks 2:459-473, 1989. doi:10.1016/0893-6080(89)90044-0",
)
