"""Labels: bought from a carrier, put on parcels, edited, voided."""
