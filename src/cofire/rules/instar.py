"""The instar: while a cell is active, its incoming weights move towards the input.

Each weight learns  dw/dt = η y (x - w) . On average that is  η (⟨y x⟩ - ⟨y⟩ w).

Fixed point: w = ⟨y x⟩ / ⟨y⟩, the mean of the inputs weighted by the response, stable for positive responses. With one
winner a sample, that is the mean of the inputs the cell wins: online k-means.
`pre`: inputs. `post`: at least 0, one-hot (1 for the winner) or a sharp competition such as softmax.
Use it to learn prototypes in a competitive layer, and for the feedforward weights of `foldiak`.
Pitfalls: with the plain response w·x for `post`, all cells learn much the same. A cell that never wins never learns.
η y must stay below 1, else w overshoots the input; at η y = 1 it copies the input at once.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * post * (pre - w)"

instar = Recipe(
    name="instar",
    doc=__doc__,
    equation=EQUATION,
    parameters={"eta": Parameter(0.1, "learning rate", POSITIVE)},
    source="S. Grossberg, Adaptive pattern classification and universal recoding: I. Parallel development and coding "
    "of neural feature detectors, Biol. Cybern. 23:121-134, 1976. doi:10.1007/BF00344744",
)
