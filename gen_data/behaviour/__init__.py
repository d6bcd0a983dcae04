"""How people, prices and orders act."""
