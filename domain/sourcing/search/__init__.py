"""The cheapest plan of a sourcing problem, and the proof that none is cheaper. Pure functions."""
