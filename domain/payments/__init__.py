"""Money from the customer: intents, authorisations, captures, voids, through a PSP port."""
