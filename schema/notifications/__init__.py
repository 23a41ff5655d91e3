"""What customers and partners are told, as clients see it."""
