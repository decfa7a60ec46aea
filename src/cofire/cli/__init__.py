"""The commands, and what they print and write.

commands.py    one function a command: read what was typed, do it, print
many.py        the commands that make many runs: sweep, matrix
runs.py        the commands for runs that were kept
options.py     what commands share
arguments.py   rules, numbers and assignments as a person types them, read without ever running them
record.py      a run as it is kept, sent between processes and shown
work.py        many runs: those that are kept are read, the others run
sweep.py       a grid of runs, its table and its figure
cells.py       phenomena × rules: runs with one rule each, taken apart
matrix.py      phenomena × rules as a page and as CSV, and matrix_picture.py as a picture
terminal.py    tables, equations and progress for the terminal
listing.py     the same for many runs
report.py      the page of `cofire tour` and `cofire report`: one HTML file that needs nothing but a browser
summary.py     verdicts and flags in the words that these share, and prose.py, docstrings as running text
interrupt.py   Ctrl-C that cannot get lost
"""

from cofire.cli.commands import app, main

__all__ = ["app", "main"]
