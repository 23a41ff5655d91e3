"""Telling customers and partners: what a worker does of it, with the ways out that are set up."""
