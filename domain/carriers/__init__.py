"""Carriers: the port to them, what they charge, and one that works by a table of rates."""
