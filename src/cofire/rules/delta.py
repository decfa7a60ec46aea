"""The delta rule: each weight moves by its input times the error of the response.

Each weight learns  dw/dt = η x (t - y)  with  t = `post_target`. With y = w·x that descends the squared error
⟨(t - y)²⟩ / 2, and on average it is  η (⟨t x⟩ - C w)  with  C = ⟨x xᵀ⟩.

Fixed point: ⟨x (t - y)⟩ = 0, the least-squares solution C w = ⟨t x⟩, stable for η below 2 over the largest eigenvalue
of C.
`pre`: inputs, or cues present (1) and absent (0). `post`: the response or prediction, `pre @ w.T`. `post_target`: what
it should be.
Use it for supervised readouts, and for conditioning: all cues present share one error, so a cue that is predicted
already blocks a new one, as in Rescorla and Wagner's model.
Pitfalls: it needs a teacher, so it is Hebbian in form only. It diverges when η |x|² is above 2. Add an input that is
always 1 for a bias.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * pre * (post.target - post)"

delta = Recipe(
    name="delta",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.1, "learning rate (in conditioning, the product of both saliences)", POSITIVE)},
    source="B. Widrow, M. E. Hoff, Adaptive switching circuits, IRE WESCON Convention Record 4:96-104, 1960; R. A. "
    "Rescorla, A. R. Wagner, A theory of Pavlovian conditioning: variations in the effectiveness of "
    "reinforcement and nonreinforcement, in: Classical Conditioning II, Appleton-Century-Crofts, New York, "
    "64-99, 1972",
)
