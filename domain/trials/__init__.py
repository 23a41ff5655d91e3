"""Trials of sourcing rules on past orders: jobs, what they compare, and their reports."""
