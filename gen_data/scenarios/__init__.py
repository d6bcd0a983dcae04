"""What can happen in the shop: one file a scenario, each a value."""
