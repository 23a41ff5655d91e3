"""Who is calling: tokens, the keys that sign them, device keys, and sessions that were ended."""
