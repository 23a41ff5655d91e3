"""What customers are told of their orders: templates, preferences, sending, retries."""
