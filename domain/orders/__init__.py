"""Orders from placing to the end of their life, and the fulfillment work they cause."""
