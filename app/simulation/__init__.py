"""Some days in the life of a chain, played through the API by everybody who works in it."""
