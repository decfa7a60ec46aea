"""SoftHebb: Hebb under a soft competition, anti-Hebb for those who lose it.

Each weight learns  dw/dt = η y (x - u w)  with  u = w·x  the drive and  y = `post`  the outcome of a softmax over the
layer. On average that is  η (⟨y x⟩ - ⟨y u⟩ w).

Fixed point: w is parallel to ⟨y x⟩ and |w| = 1, wherever ⟨y u⟩ is not 0; the length settles there where it is positive.
`pre`: inputs. `post`: q = softmax(t u) over the cells, +q for the winner and -q for all others; plain q gives the
purely Hebbian form of 2022. `post_drive` is u, computed as `pre @ w.T` unless given.
Use it for layers, convolutional ones above all, that learn features without labels or backpropagation.
Pitfalls: the inverse temperature t decides: too low and all cells learn the mean, too high and one cell wins for ever.
Start from weights much longer than 1. The paper divides each update by its largest entry and slows a cell as |w| nears
1.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * post * (pre - post.drive * w)"

soft_hebb = Recipe(
    name="soft_hebb",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.045, "learning rate", POSITIVE)},
    source="A. Journé, H. Garcia Rodriguez, Q. Guo, T. Moraitis, Hebbian deep learning without feedback, ICLR 2023, "
    "arXiv:2209.11883; T. Moraitis, D. Toichkin, A. Journé, Y. Chua, Q. Guo, SoftHebb: Bayesian inference in "
    "unsupervised Hebbian soft winner-take-all networks, Neuromorph. Comput. Eng. 2:044017, 2022. "
    "doi:10.1088/2634-4386/aca710",
)
