"""The lake: catalog, capture into bronze, publishing of releases."""
