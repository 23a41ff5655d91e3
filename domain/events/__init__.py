"""News: what happened to an aggregate, on its way from the transaction to whoever watches."""
