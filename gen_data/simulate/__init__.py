"""The simulation: what happens in the shop, tick by tick."""
