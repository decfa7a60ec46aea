"""Rule to plan: what the compiler works out, one analysis a file.

placement.py   who owns each quantity
products.py    dw/dt as few matrix products
states.py      what is remembered between steps
events.py      what happens at a spike, and between spikes
drift.py       what has a closed form between events
plan.py        all of it as plain data
explanation.py the same in words
"""
