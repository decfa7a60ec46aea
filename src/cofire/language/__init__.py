"""The language: how a learning rule is written.

A rule is one to a few equations, one a line (or separated by `;`); a line without `=` continues the one before;
`#` begins a comment.

    dw/dt = expression           the weight; also written  Δw = ...  or  dw = ...
    dX/dt = expression           a variable of each synapse (calcium, eligibility, tag ...), 0 at first
    X = expression               a name for a subexpression

What may stand in an expression:

    1.5   2e-3                   numbers
    + - * / **  ( )              arithmetic; × · ÷ − ^ ² ³ √ and Greek letters as in a textbook
    pre  post                    activity of the two cells, also x and y: a rate, or a train of spikes
    w                            the weight
    pre.NAME  post.NAME          another variable of the cell; post.drive is its summed synaptic input
    NAME                         a parameter, a declared modulator, a variable of the synapse, or a definition

    exp log sqrt tanh sigmoid relu step sign abs min max clip

    trace(s, tau)                +1 at each spike of s, decays with time constant tau
    nearest(s, tau)              set to 1 at each spike of s (pre or post), decays with tau
    mean(s, tau)                 running average of s, trace(s, tau) / tau

    sum_pre(e)  sum_post(e)      sums over the cells of a layer
    reconstruct(s)               the input that the layer would rebuild from s: sum_post(w * s)
    reconstruct_ordered(s)       the same over the first cells up to this one (Sanger)

How it is understood, everywhere the same:

    rates      one step adds dw/dt for the sample, averaged over the batch, as the Δw of a paper; what the weight
               itself loses in a step is part of it. A filter of a rate, and a variable that decays, follow exactly, as
               if the rate were constant during the step; every factor has its value at the start of the step.
    spikes     a term with a factor `pre` acts at each arriving presynaptic spike, with `post` at each postsynaptic
               spike, with both when they meet in one step; with neither it acts all the time. A factor has its value
               just before the event, so a trace does not contain the spike that reads it.
    order      all terms of an event are added, then the weights are normalised, then held within bounds.

A neuron (`cofire.Neuron`) is written in the same language, one equation `dX/dt = ...` for each of its variables,
without `pre`, `post`, the weight, filters and sums over cells; w, x and y are names like others there. Its threshold
is a condition `e > e` or `e >= e`, its reset a few lines `X = e`. Time is in seconds.

How a text becomes a tree, one file a stage; what a later stage is given, the earlier ones have checked:

    spelling.py     characters   Δw = η × x²  is  Deltaw = eta * x**2
    tokens.py       words        each may follow the one before
    reader.py       tree         Python's `ast` through a whitelist; limits on size, depth and exponents
    parse.py        equations    of a rule; those of a neuron in parse_neuron.py
    scope.py        names        each has a meaning, and a use
    dimensions.py   units        seconds are not added to volts
    text.py  unicode.py  stacked.py  latex.py  mathml.py    and back; what these decide alike is in symbols.py

tree.py is the tree, functions.py the words, algebra.py what can be worked out without any value.
"""

from cofire.language.parse import parse, parse_expression

__all__ = ["parse", "parse_expression"]
