"""Current state, history and clean types of the shop's tables."""
