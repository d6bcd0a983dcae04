"""Versioned migrations of the shop's database, run by :func:`gen_data.schema.upgrade.upgrade`."""
