"""Writes docs/shop.md, the shop on one page, from what the code declares: ``python -m gen_data.schema.page``."""

import re
from collections.abc import Iterable, Sequence
from itertools import chain
from types import ModuleType
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql

from gen_data.invariants import INVARIANTS
from gen_data.scenarios import SCENARIOS, Scenario
from gen_data.schema import (
    GROUND_TRUTH_TABLES,
    SHOP_TABLES,
    aftersales,
    catalogue,
    customers,
    feed,
    orders,
    promotions,
    shipping,
    stock,
    visits,
)
from gen_data.schema.upgrade import SQL_FOLDER
from shoplake.core.settings import ANALYST, PROJECT_FOLDER, SHOP_CAPTURE, SHOP_OWNER, SHOP_SCORING

PAGE = PROJECT_FOLDER / "docs" / "shop.md"

_AREAS = {
    "Catalogue": catalogue,
    "Stock": stock,
    "Customers": customers,
    "Orders": orders,
    "Promotions": promotions,
    "Shipping": shipping,
    "After sales": aftersales,
    "Visits": visits,
    "Feed": feed,
}
# What every reader expects of a column anyway: known words, no amount below zero, numbers from one.
_IS_OBVIOUS = re.compile(r"_(is_known|is_not_negative|is_positive|is_a_share|counts_from_one)$")
_TRIGGER = re.compile(r"create trigger (\w+) (?:before|after) .*? on (\w+)")
_RAISED = re.compile(r"constraint = '(\w+)',\s+table = '(\w+)'")

_ABOUT = """# The shop

*Written by `make docs` from the tables, scenarios and invariants that the code declares. Do not edit.*

The shop is an operational PostgreSQL database that behaves like an online shop: it sells on three marketplaces and on a website of its own, keeps stock in three warehouses, sends parcels, takes things back and answers questions.
Every row follows from a seed and a recorded schedule of scenarios, so the same shop can be made again, with or without a flash sale.
Its clock moves in minutes: a backfill makes years of history at once, and live each business step is a transaction of its own.
What no statement may break is a constraint or a trigger, which refuses the statement by the rule's name; what is true across tables is an invariant, which `shoplake shop verify` checks over every row.
What really happened, such as which orders are frauds, is kept apart in the ground truth, for scoring alone.

PostgreSQL says the same of each table and column (`\\d+ orders` in `psql`), and so do bronze tables in the lake. Money is `numeric(14,2)` in the shop's currency, instants are UTC. Numbers that name things are made from the minute in which these happen ([decision 0007](adr/0007-names-from-ticks.md)): they grow and have gaps. Within a minute they are scrambled, and the numbers of customers are scrambled altogether, so that none of them tells what a scenario or a fraud brought.
"""

_RULES = (
    """Rules that every reader expects of a column (its known words, no amount below zero, numbers that count from one) are not listed."""
)

_TRUTH = f"""## Ground truth

The tables of the schema `ground_truth` say what really happened. The role `{SHOP_SCORING}` reads them, and nothing else; `{SHOP_OWNER}` writes them together with the rows that they tell of. Neither `{ANALYST}` nor `{SHOP_CAPTURE}` may read them, so they never reach the lake. No foreign key leads from them to the shop: the truth must not make a statement of the shop wait or fail.
"""

_SCENARIOS = """## Scenarios

What a scenario leaves alone is as on a normal day. What it must show is measured by SQL against a twin: a shop of the same seed and orders per day in which every day is normal.
"""

_INVARIANTS = """## Invariants

`shoplake shop verify` holds these against every row, in one snapshot, while the shop may go on. Of what is broken it names the first row.
"""


def page() -> str:
    """The page, as Markdown."""
    parts = [_ABOUT, f"## Tables\n\n{_RULES}\n"]
    parts += [_area(name, module) for name, module in _AREAS.items()]
    parts += [_TRUTH, _table_of(GROUND_TRUTH_TABLES), _columns_of(GROUND_TRUTH_TABLES)]
    parts += [_SCENARIOS, *map(_scenario, SCENARIOS.values())]
    rows = [(f"`{invariant.name}`", invariant.sentence) for invariant in INVARIANTS]
    parts += [_INVARIANTS, _rows(("name", "sentence"), rows)]
    return "\n".join(parts)


def tables_of(module: ModuleType) -> list[Table]:
    """The tables that a module of the schema declares, in the order in which they are written to."""
    declared = {id(value) for value in vars(module).values()}
    return [table for table in (*SHOP_TABLES, *GROUND_TRUTH_TABLES) if id(table) in declared]


def trigger_rules() -> dict[str, list[str]]:
    """The names of the rules that triggers keep, by table."""
    rules: dict[str, list[str]] = {}
    for path in sorted(SQL_FOLDER.glob("*.sql")):
        text = path.read_text()
        for name, table in chain(_TRIGGER.findall(text), _RAISED.findall(text)):
            if name not in rules.setdefault(table, []):
                rules[table].append(name)
    return rules


def _area(name: str, module: ModuleType) -> str:
    tables = tables_of(module)
    said = (module.__doc__ or "").strip()
    return "\n".join([f"### {name}\n\n{said}\n", *_picture(tables), _table_of(tables), _columns_of(tables)])


def _picture(tables: Sequence[Table]) -> list[str]:
    links = [link for table in tables for link in sorted(map(_link, table.foreign_key_constraints))]
    return ["```mermaid\nerDiagram", *links, "```\n"] if links else []


def _link(key: ForeignKeyConstraint) -> str:
    columns = {column.name for column in key.columns}
    alone = [{column.name for column in rule.columns} for rule in key.table.constraints if isinstance(rule, UniqueConstraint)]
    is_single = columns in (*alone, {column.name for column in key.table.primary_key})
    parent = "|o" if any(column.nullable for column in key.columns) else "||"
    return f'    {key.referred_table.name} {parent}--{"o|" if is_single else "o{"} {key.table.name} : "{", ".join(key.column_keys)}"'


def _table_of(tables: Sequence[Table]) -> str:
    return _rows(("table", "what it holds", "rules"), [(f"`{table.name}`", table.comment or "", _rules(table)) for table in tables])


def _rules(table: Table) -> str:
    checks = [str(rule.name) for rule in table.constraints if isinstance(rule, CheckConstraint)]
    names = [*sorted(name for name in checks if not _IS_OBVIOUS.search(name)), *trigger_rules().get(table.name, [])]
    return "<br>".join(f"`{name}`" for name in names)


def _columns_of(tables: Sequence[Table]) -> str:
    rows = [(f"`{table.name}`", f"`{column.name}`", _type_of(column), column.comment or "") for table in tables for column in table.columns]
    return f"<details><summary>Columns</summary>\n\n{_rows(('table', 'column', 'type', 'meaning'), rows)}\n</details>\n"


def _type_of(column: Column[Any]) -> str:
    text = column.type.compile(dialect=postgresql.dialect()).lower()  # type: ignore[no-untyped-call]
    return text.replace("timestamp with time zone", "timestamptz").replace(", ", ",")


def _scenario(scenario: Scenario) -> str:
    lines = [f"### `{scenario.name}`\n\n{scenario.story}\n"]
    if scenario.effects:
        lines.append(f"- Does: {'; '.join(map(str, scenario.effects))}.")
    if scenario.expects:
        lines.append(f"- Shows: {'; '.join(map(str, scenario.expects))}.")
    return "\n".join([*lines, ""] if len(lines) > 1 else lines)


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
