"""`python -m cofire` is the command `cofire`."""

from cofire.cli import main

main()
