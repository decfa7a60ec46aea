"""Many timescales: what is learnt at once goes into four traces, and each fades at its own pace.

Each weight is the sum of four traces, w = f₁ + f₂ + f₃ + f₄, that share one error: it learns
dw/dt = Σ η_k x (t - y) - Σ f_k / τ_k
with t = `post_target`, and f_k' = η_k x (t - y) - f_k / τ_k. After one event w falls as Σ η_k exp(-t / τ_k): with τ_k
and η_k in geometric sequence that is nearly a power of time.

Fixed point: only where the error is what each trace loses, ⟨x (t - y)⟩ = f_k / (η_k τ_k); without inputs, w = 0.
`pre`: inputs, or cues present (1) and absent (0). `post`: the response, `pre @ w.T`. `post_target`: what it should be.
Use it for memory that fades fast, then ever more slowly: savings, spontaneous recovery, the use of spacing. With two
traces it is the model of Smith, Ghazizadeh and Shadmehr (PLoS Biol. 4:e179, 2006).
Pitfalls: traces fade exactly in a step of any length, but w loses in a step what they lose at its beginning: where
much fades, take short steps. The gains η_k are constants here; in the source they follow from optimal estimation, with
thirty timescales.
"""

from cofire.constraints import NONNEGATIVE, POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = """\
dw/dt = (eta_1 + eta_2 + eta_3 + eta_4) * pre * (post.target - post)
        - f_1 / tau_1 - f_2 / tau_2 - f_3 / tau_3 - f_4 / tau_4
df_1/dt = eta_1 * pre * (post.target - post) - f_1 / tau_1
df_2/dt = eta_2 * pre * (post.target - post) - f_2 / tau_2
df_3/dt = eta_3 * pre * (post.target - post) - f_3 / tau_3
df_4/dt = eta_4 * pre * (post.target - post) - f_4 / tau_4"""

multiscale = Recipe(
    name="multiscale",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "eta_1": Parameter(0.04, "learning rate of the fastest trace", NONNEGATIVE),
        "eta_2": Parameter(0.03, "learning rate of the second trace", NONNEGATIVE),
        "eta_3": Parameter(0.02, "learning rate of the third trace", NONNEGATIVE),
        "eta_4": Parameter(0.01, "learning rate of the slowest trace", NONNEGATIVE),
        "tau_1": Parameter(10.0, "time constant of the fastest trace, in steps or as a time", POSITIVE),
        "tau_2": Parameter(100.0, "time constant of the second trace, in steps or as a time", POSITIVE),
        "tau_3": Parameter(1000.0, "time constant of the third trace, in steps or as a time", POSITIVE),
        "tau_4": Parameter(10000.0, "time constant of the slowest trace, in steps or as a time", POSITIVE),
    },
    source="K. P. Körding, J. B. Tenenbaum, R. Shadmehr, The dynamics of memory as a consequence of optimal adaptation "
    "to a changing body, Nat. Neurosci. 10:779-786, 2007. doi:10.1038/nn1901",
)
