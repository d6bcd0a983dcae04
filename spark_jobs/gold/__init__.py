"""The numbers that the business reads."""
