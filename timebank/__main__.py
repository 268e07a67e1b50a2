"""`python -m timebank COMMAND`: see cli."""

from timebank.cli import main

main()
