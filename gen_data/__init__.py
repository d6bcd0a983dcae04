"""The shop: an operational PostgreSQL that behaves like an online shop. It knows nothing of the lake."""
