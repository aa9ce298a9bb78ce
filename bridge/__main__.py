"""`python -m bridge` is the command line."""

from bridge.cli import main

main()
