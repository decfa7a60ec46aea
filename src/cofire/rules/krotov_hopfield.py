"""Competing hidden units: the winner learns the input, a close loser unlearns it.

Each weight learns  dw/dt = η g (x - Q w)  with  Q = Σ sign(w) |w|^(p-1) x , the product of weights and input that
belongs to the p-norm, and  g = `post`  the outcome of the competition. On average that is  η (⟨g x⟩ - ⟨g Q⟩ w).

Fixed point: w is parallel to ⟨g x⟩ and Σ |w|^p = 1, wherever ⟨g Q⟩ is not 0; the norm settles there where it is
positive. For p = 2 and g = Q this is `oja`.
`pre`: inputs scaled to unit length. `post`: ranked by Q, 1 for the winner, -Δ (0.1 to 0.4) for the cell of rank k (2 to
7), else 0.
Use it for a single layer of features for a classifier, which reads relu(w·x)^n with n about 4.5.
Pitfalls: inputs that are not of unit length cost many per cent. The anti-Hebbian share Δ must be small, else weights
run away. The paper divides each update by its largest entry and lets η, 0.02 to 0.04 then, fall to 0 over hundreds of
epochs.
"""

from cofire.constraints import POSITIVE, Range
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * post * (pre - sum_pre(sign(w) * abs(w)**(p - 1) * pre) * w)"

krotov_hopfield = Recipe(
    name="krotov_hopfield",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "eta": Parameter(0.02, "learning rate", POSITIVE),
        "p": Parameter(3.0, "exponent of the norm that the weights of a cell come to", Range(low=2.0, low_open=False)),
    },
    source="D. Krotov, J. J. Hopfield, Unsupervised learning by competing hidden units, Proc. Natl. Acad. Sci. USA "
    "116:7723-7731, 2019. doi:10.1073/pnas.1820458116",
)
