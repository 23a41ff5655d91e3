"""Sourcing on real orders: our plans beside those of simpler policies, same stock, same costs."""
