"""One GraphQL call, one command, one payload: permission, translation, error mapping."""
