"""Excitation and inhibition learnt apart: a cell learns where it falls short, and nothing is unlearnt.

Each weight learns  dw/dt = η x max(0, t - y) - φ w  with t = `post_target` and φ = `post_forgetting`. Two cells make an
animal: the excitatory one has the food for t and the expectation V for y, the inhibitory one has them exchanged, and
V = max(0, E - I). Food that was not expected trains the first, expected food that stays away the second.

Fixed point: t ≤ y for both, that is V equal to the food, where φ = 0; with φ, what is learnt makes up for what is lost.
`pre`: cues, 1 or 0; what the inhibitory cell sees may depend on the context. `post`, `post_target`: as above.
`post_forgetting`: a rate of each cell, 0 for one that forgets nothing.
Use it for extinction that is new learning: what was extinguished returns with time, if the inhibition fades, and
elsewhere, if the inhibition belongs to a context; and it is learnt again faster.
Pitfalls: without a second cell it is the delta rule that cannot unlearn. The source has attention to cues as well,
which is left out, and `post_forgetting` is ours.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * pre * relu(post.target - post) - post.forgetting * w"

opponent = Recipe(
    name="opponent",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.1, "learning rate", POSITIVE)},
    source="J. M. Pearce, G. Hall, A model for Pavlovian learning: variations in the effectiveness of conditioned but "
    "not of unconditioned stimuli, Psychol. Rev. 87:532-552, 1980. doi:10.1037/0033-295X.87.6.532",
)
