"""Temporal differences: cues of a moment ago learn from what turns out better than expected now.

Each weight learns  dw/dt = η D trace(x, τ_e)  with D = `dopamine`, the error of the prediction V = w·x from one moment
to the next,  D = r + γ V(now) - V(before) , where r is the reward now and γ < 1 makes what is far off count less.

Fixed point: D = 0 on average wherever the trace is not, that is V = γ-discounted reward to come.
`pre`: cues, 1 while they are there. `post`: not read. `dopamine`: one number a step, worked out by whoever runs the
cells. The trace does not contain the cue of this step, so D credits what was there before, as it should.
Use it for prediction in time: second-order conditioning, the best interval between cue and food, late reward.
Pitfalls: a cue learns only while its trace lasts, so τ_e must bridge the gap or the cue last until the food. A step
must be shorter than τ_e. All cues share D: they compete as under the delta rule.
"""

from cofire.constraints import POSITIVE
from cofire.rules._recipe import Parameter, Recipe

EQUATION = "dw/dt = eta * dopamine * trace(pre, tau_e)"

temporal_difference = Recipe(
    name="temporal_difference",
    doc=__doc__,
    equation=EQUATION,
    parameters={
        "eta": Parameter(0.1, "learning rate", POSITIVE),
        "tau_e": Parameter(5.0, "time constant of eligibility, in steps or as a time", POSITIVE),
    },
    source="R. S. Sutton, A. G. Barto, Time-derivative models of Pavlovian reinforcement, in: Learning and "
    "Computational Neuroscience, MIT Press, 497-537, 1990; W. Schultz, P. Dayan, P. R. Montague, A neural substrate of "
    "prediction and reward, Science 275:1593-1599, 1997. doi:10.1126/science.275.5306.1593",
    signals=("dopamine",),
)
