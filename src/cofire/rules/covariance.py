"""The covariance rule: Hebb about the mean, so that chance coincidences cancel.

Each weight learns  dw/dt = η (x - ⟨x⟩)(y - ⟨y⟩) , the means being running averages over τ. On average that is
η cov(x, y): cells that fire together more than by chance strengthen, less than by chance weaken.

Fixed point: where x and y are uncorrelated; it is enough that one of the two averages is right.
With a linear cell the weights grow along the first eigenvector of the covariance matrix, as `hebb` does for mean-free
inputs.
`pre`, `post`: any activities, typically rates of at least 0.
Use it where `hebb` would learn the mean rates, and for memories of sparse patterns.
Pitfalls: growth is unbounded, as in `hebb`. τ must span many patterns. The averages start at 0, so the first few τ are
learnt as by `hebb`: run some samples first, keep the state and throw the weights away. The average excludes the current
sample.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * (pre - mean(pre, tau)) * (post - mean(post, tau))"

covariance = Recipe(
    name="covariance",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "eta": Parameter(0.01, "learning rate", POSITIVE),
        "tau": Parameter(100.0, "time constant of the running averages, in steps or as a time", POSITIVE),
    },
    source="T. J. Sejnowski, Storing covariance with nonlinearly interacting neurons, J. Math. Biol. 4:303-321, 1977. "
    "doi:10.1007/BF00275079",
)
