"""How a cart can reach its customer, before it is an order."""
