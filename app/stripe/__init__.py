"""Stripe as the PSP, through its own library (the extra `stripe`; https://docs.stripe.com/api)."""
