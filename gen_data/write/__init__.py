"""Three ways to write the same changes: a stretch at once, a first load in bulk, and every business step as a transaction of its own."""
