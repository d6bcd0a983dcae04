import pytest
from sqlalchemy import CheckConstraint

from gen_data.invariants import INVARIANTS
from gen_data.schema import GROUND_TRUTH_TABLES, METADATA, SHOP_TABLES
from gen_data.schema.page import PAGE, page, trigger_rules

pytestmark = pytest.mark.unit


def test_the_page_of_the_shop_says_what_the_code_declares():
    assert PAGE.read_text() == page(), "docs/shop.md is stale: write it with `make docs`"


def test_the_page_names_every_table_column_invariant_and_trigger_rule():
    text = page()
    tables = (*SHOP_TABLES, *GROUND_TRUTH_TABLES)
    columns = {f"| `{table.name}` | `{column.name}` |" for table in tables for column in table.columns}
    rules = {name for names in trigger_rules().values() for name in names}
    wanted = columns | {f"| `{table.name}` | {table.comment} |" for table in tables} | {f"`{name}`" for name in rules}
    wanted |= {f"| `{invariant.name}` | {invariant.sentence} |" for invariant in INVARIANTS}
    assert {one for one in wanted if one not in text} == set()


def test_a_trigger_s_rule_is_no_check_and_belongs_to_a_table_of_the_shop():
    checks = {rule.name for table in METADATA.tables.values() for rule in table.constraints if isinstance(rule, CheckConstraint)}
    rules = trigger_rules()
    assert rules["inventory_log"] == ["inventory_log_is_append_only", "inventory_log_continues", "inventory_log_takes_from_its_lot"]
    assert set(rules) <= {table.name for table in SHOP_TABLES}
    assert not checks & {name for names in rules.values() for name in names}


def test_every_table_and_column_says_what_it_is_without_repeating_its_name():
    for table in (*SHOP_TABLES, *GROUND_TRUTH_TABLES):
        assert table.comment, table.name
        assert table.comment.startswith("One row per "), table.name
        for column in table.columns:
            said = (column.comment or "").lower()
            assert said, f"{table.name}.{column.name}"
            assert said.replace(" ", "_") != column.name
            assert not said.endswith("."), f"{table.name}.{column.name}"


def test_what_may_be_null_says_when():
    silent = {
        f"{table.name}.{column.name}"
        for table in (*SHOP_TABLES, *GROUND_TRUTH_TABLES)
        for column in table.columns
        if column.nullable and "null" not in (column.comment or "")
    }
    assert silent == set()
