"""A rule on given spike trains, without a network.

w, state = replay(rule, pre=(cells, steps), post=(cells, steps), synapses=(pre, post), weight=0.5, delay=0,
                  dt=0.1*ms, duration=10*second)
"""

from cofire.protocols.trains import replay

__all__ = ["replay"]
