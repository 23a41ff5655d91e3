"""Promotions and coupons: what takes how much off which lines, and why."""
