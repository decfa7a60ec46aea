"""The commands, and what they print and write.

commands.py    one function a command: read what was typed, do it, print
arguments.py   rules, numbers and assignments as a person types them, read without ever running them
terminal.py    tables, equations and progress for the terminal
report.py      the page of `cofire tour`: one HTML file that needs nothing but a browser
record.py      the files of `cofire run --out`
"""

from cofire.cli.commands import app, main

__all__ = ["app", "main"]
