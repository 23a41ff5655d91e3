"""Webhooks out: partners' servers are told, by Standard Webhooks, behind a guard."""
