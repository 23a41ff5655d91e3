"""Real orders of the past, placed and advanced through the API while everybody watches."""
