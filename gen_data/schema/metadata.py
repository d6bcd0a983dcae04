"""What all tables of the shop share: their registry, the naming law of constraints, and the types of money and time."""

from sqlalchemy import DateTime, MetaData, Numeric

CONTROL_SCHEMA = "shop_control"

# A constraint carries the name of its rule, so that a refused statement says which rule refused it.
METADATA = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ck": "%(constraint_name)s",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

MONEY = Numeric(14, 2)
RATE = Numeric(5, 4)
INSTANT = DateTime(timezone=True)

# What a column named updated_at is, in every table.
LAST_CHANGE = "when the row last changed"


def is_one_of(column: str, values: tuple[str, ...]) -> str:
    """The condition of a check that a text column holds one of a few words."""
    return f"{column} in ({', '.join(repr(value) for value in values)})"
