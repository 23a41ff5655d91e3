"""The work of locations: requests that they accept or reject, picking, and what goes wrong."""
