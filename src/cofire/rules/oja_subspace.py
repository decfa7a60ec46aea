"""Oja's subspace rule: several cells that together span the principal subspace.

Cell i learns  dw_i/dt = η y_i (x - Σ_k y_k w_k)  with  y = W x : Hebb on what the layer fails to rebuild. On average
that is  η (W C - W C Wᵀ W)  with  C = ⟨x xᵀ⟩.

Fixed point: orthonormal rows, W Wᵀ = 1, that span any eigenvectors of C; stable only where those belong to the largest
eigenvalues. Then Wᵀ y is the best linear reconstruction of x from that many numbers.
`pre`: inputs of mean zero. `post`: the linear responses, `pre @ w.T`.
Use it to compress with a layer in which all cells are alike; use `sanger` where each cell should find one component.
Pitfalls: the rows are the principal components turned by an arbitrary rotation. It needs at most as many cells as
inputs. It diverges when η |x|² is of order 1. The sum over the layer is not local to one synapse.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * post * (pre - reconstruct(post))"

oja_subspace = Recipe(
    name="oja_subspace",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.01, "learning rate", POSITIVE)},
    source="E. Oja, Neural networks, principal components, and subspaces, Int. J. Neural Syst. 1:61-68, 1989",
)
