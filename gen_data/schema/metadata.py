"""What all tables of the shop share: their registry, the naming law of constraints, and the types of money and time."""

from sqlalchemy import DateTime, MetaData, Numeric

CONTROL_SCHEMA = "shop_control"

# A constraint carries the name of its rule, so that a refused statement says which rule refused it.
METADATA = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ck": "%(constraint_name)s",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

MONEY = Numeric(14, 2)
INSTANT = DateTime(timezone=True)
