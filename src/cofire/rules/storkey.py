"""Storkey's rule: Hebb for an associative memory, less what the network knows already.

With one pattern ξ of ±1 as input and output, each weight changes by  η (ξ_i ξ_j - ξ_i h_ji - h_ij ξ_j), where the local
field h_ij = Σ_k w_ik ξ_k leaves out k = i and k = j: Hebb minus the crosstalk with the patterns stored before.

Fixed point of one pattern of n cells, shown again and again to weights of 0: w_ij = ξ_i ξ_j / (2 (n - 2)) off the
diagonal. It is unstable: what other patterns left, Σ_k w_ik ξ_k = 0, grows by 1 + 2 η with each showing.
`pre`, `post`: the same pattern, entries ±1. `post_drive` is computed from w unless given; leave it away.
Use it for Hopfield networks: about n / √(2 ln n) patterns against n / (2 ln n) for `hebb` without errors, still one
pass and local.
Pitfalls: the language cannot say i ≠ j, so w must be symmetric with zero diagonal, and the diagonal be set to 0 after
each step. Show the patterns one at a time, once each, with η = 1 / n; a batch does not see the crosstalk within itself.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * (pre * post - post * (reconstruct(post) - w * post) - (post.drive - w * pre) * pre)"

storkey = Recipe(
    name="storkey",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.01, "learning rate, 1 over the number of cells; the default is for 100", POSITIVE)},
    source="A. Storkey, Increasing the capacity of a Hopfield network without sacrificing functionality, Artificial "
    "Neural Networks - ICANN'97, LNCS 1327:451-456, 1997. doi:10.1007/BFb0020196",
)
