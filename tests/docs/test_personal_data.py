from collections import defaultdict

import pytest

from gen_data.schema import SHOP_TABLES
from shoplake.docs.live import masked
from spark_jobs.tables import discover

pytestmark = pytest.mark.unit

# What the shop keeps of people: who they are, where they live, how to reach them, what they pay with and where they sit.
PERSONAL = {
    "customers": {"full_name", "email", "phone", "birth_date"},
    "customer_addresses": {"recipient", "street", "district"},
    "orders": {"device_id", "placed_from"},
    "payments": {"card_token"},
    "reviews": {"body"},
}


def test_every_column_that_is_named_like_a_personal_one_of_the_shop_is_marked() -> None:
    shop = {table.name: {column.name for column in table.columns} for table in SHOP_TABLES}
    assert all(columns <= shop[name] for name, columns in PERSONAL.items())
    names = set.union(*PERSONAL.values())
    tables = discover().by_name
    unmarked = [f"{t}.{c.name}" for t, table in tables.items() for c in table.table.columns if c.name in names and not c.is_personal]
    assert unmarked == []
    assert names <= {column.name for name, table in tables.items() if name.startswith("silver.") for column in table.table.columns}


def test_columns_of_one_name_are_marked_alike() -> None:
    marks = defaultdict(set)
    for table in discover().by_name.values():
        for column in table.table.columns:
            marks[column.name].add(column.is_personal)
    assert [name for name, kinds in marks.items() if len(kinds) > 1] == []


def test_the_mark_alone_says_that_a_column_is_personal() -> None:
    columns = {f"{name}.{column.name}": column for name, table in discover().by_name.items() for column in table.table.columns}
    assert [name for name, column in columns.items() if "personal data" in column.doc] == []
    assert columns["silver.customers.email"].comment == "address, unique (personal data)"
    assert columns["silver.customers.tier"].comment == columns["silver.customers.tier"].doc


def test_of_a_personal_value_the_first_character_is_left_of_a_short_one_none_and_of_none_nothing() -> None:
    assert masked("mai.anh@example.com") == "m***"
    assert masked("Anh") == "***"
    assert masked("") == "***"
    assert masked(4711) == "4***"
    assert masked(None) is None
