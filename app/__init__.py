"""Composition root: settings, resources, embedded servers, the command line and the ASGI app."""
