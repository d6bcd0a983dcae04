"""Shoplake: an e-commerce lakehouse that people run, trust and learn from."""
