"""Hebb's rule: cells that are active together strengthen their connection.

Each weight learns  dw/dt = η x y . With a linear cell, y = w·x, that is on average  η C w  with  C = ⟨x xᵀ⟩ : the part
of w along each eigenvector of C grows as exp(η λ t), so w turns towards the first one and its length has no limit.

Fixed point: only where x and y are uncorrelated, ⟨x y⟩ = 0; for a linear cell C w = 0, which is unstable.
`pre`, `post`: any activities; `post` may be the cell's own response or a pattern imposed on it. For an associative
memory both are the pattern, of ±1, and every pattern adds  η post preᵀ.
Use it for the bare idea, for storing patterns in one pass, or under `normalize="l2"`, when it does what `oja` does.
Pitfalls: weights grow without bound unless `bounds` or `normalize` hold them. Positive rates never weaken a synapse.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * pre * post"

hebb = Recipe(
    name="hebb",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.01, "learning rate", POSITIVE)},
    source="D. O. Hebb, The Organization of Behavior: A Neuropsychological Theory, Wiley, New York, 1949, chapter 4",
)
