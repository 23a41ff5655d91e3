"""Goods on the way from one location of the retailer to another."""
