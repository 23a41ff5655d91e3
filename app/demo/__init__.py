"""A fictional chain to look at and to play with: generated from a seed, the same every time."""
