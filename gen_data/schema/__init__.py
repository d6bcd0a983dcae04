"""The shop's tables by area, and its PL/pgSQL rules."""
