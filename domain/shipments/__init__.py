"""Parcels on their way: shipments, parcels with lines, tracking events that never downgrade."""
