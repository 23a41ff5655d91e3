"""Benchmarks of the running service, from outside: `make bench`."""
