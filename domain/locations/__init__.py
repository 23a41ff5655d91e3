"""Where goods are: stores, warehouses, suppliers, marketplaces and resellers."""
