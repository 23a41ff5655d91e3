"""Decisions of sourcing in sentences for people, in several languages."""
