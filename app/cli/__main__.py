"""`python -m app.cli`: the same as `unico`."""

from app.cli import main

main()
