"""The pages about the lake's tables: what the code declares of each, and what a release holds of it where one is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gen_data.schema import SHOP_TABLES
from iceberg.bronze import METADATA_FIELDS, SNAPSHOT_OPERATION
from iceberg.quality.checks import Severity
from iceberg.table import Column
from shoplake.docs.blocks import (
    BRONZE,
    GLOSSARY,
    INDEX,
    SHOP,
    Block,
    Bullets,
    Code,
    Definitions,
    Grid,
    Heading,
    Inline,
    Lineage,
    Link,
    Mark,
    Neighbours,
    Page,
    Paragraph,
    Text,
    separated,
)
from shoplake.docs.glossary import Linker, Term, read_terms
from shoplake.docs.live import SAMPLE_ROWS, Live, LiveTable
from shoplake.docs.words import partitioning, refresh, unit_of
from spark_jobs.audit import key_rules
from spark_jobs.tables import LakeTable, Tables

_CHECKED_AT = {Severity.STOP: "stops the release", Severity.WARN: "warns", Severity.RECORD: "is recorded"}
_NOBODY = "-"


@dataclass(frozen=True)
class _Subject:
    """What the pages are about: the declared tables, the glossary, and a release where one was read."""

    tables: Tables
    terms: list[Term]
    live: Live | None = None

    def readers_of(self, name: str) -> list[str]:
        """The tables that are made from a table, by name."""
        return sorted(table.name for table in self.tables.by_name.values() if name in table.inputs)


def pages(tables: Tables, live: Live | None = None) -> list[Page]:
    """Every page: the index, bronze, one for each table by name, and the glossary."""
    lake = _Subject(tables, read_terms(), live)
    return [_index(lake), _bronze(lake), *(_table(lake, tables[name]) for name in sorted(tables.by_name)), _glossary(lake)]


def lineage(tables: Tables) -> Lineage:
    """What is made from what, of all tables."""
    return Lineage(
        {name: table.inputs for name, table in tables.by_name.items()}, {name: table.table.owner for name, table in tables.by_name.items()}
    )


def _index(lake: _Subject) -> Page:
    found: list[Block] = [
        Paragraph(
            (
                "Every table of the lake, from what its own file declares: what a row stands for, its columns, what it is made from and how "
                "it is checked. Bronze holds every change of ", Link("the shop", SHOP), " as it was captured, silver its state and history in clean types, gold the "
                "numbers that the business reads.",
            )
        )
    ]  # fmt: skip
    found += _live_index(lake.live) if lake.live else []
    found += [Heading("Lineage"), lineage(lake.tables)]
    found += [Paragraph(("Lines lead from a table to those that are made from it. A stripe on a gold table says who owns it.",))]
    gold = [table for name, table in sorted(lake.tables.by_name.items()) if name.startswith("gold.")]
    for owner in sorted({table.table.owner or _NOBODY for table in gold}):
        owned = [table for table in gold if (table.table.owner or _NOBODY) == owner]
        found += [Heading(f"Gold of {owner}"), _listed(lake, owned)]
    silver = [table for name, table in sorted(lake.tables.by_name.items()) if name.startswith("silver.")]
    found += [Heading("Silver"), _listed(lake, silver)]
    found += [Heading("Bronze"), Paragraph((f"{len(lake.tables.bronze)} tables, all alike: ", Link("bronze", BRONZE), "."))]
    return Page(INDEX, "The tables of the lake", found)


def _live_index(live: Live) -> list[Block]:
    broken = [name for name, table in live.tables.items() if table.is_fresh is False]
    failing = [(name, check) for name, table in live.tables.items() for check in table.checks.values() if not check.passed]
    count = sum(len(table.checks) for table in live.tables.values())
    rows: list[tuple[str, Text]] = [
        ("release", (f"{live.release.release_id}, published {_instant(live.release.published_at)}",)),
        ("read", (_instant(live.read_at),)),
        ("tables", (str(len(live.tables)),)),
        ("checks", (f"{count - len(failing)} of {count} held when their tables were built",)),
        (
            "not as checked",
            separated([(Link(Code(name), name), f" {check.check_name}") for name, check in failing]) or (Mark("none", "good"),),
        ),
        ("older than promised", separated([(Link(Code(name), name),) for name in sorted(broken)]) or (Mark("none", "good"),)),
    ]
    return [Heading("This release"), _facts(rows)]


def _listed(lake: _Subject, tables: list[LakeTable]) -> Block:
    head = ["table", "what it is", "one row"]
    rows: list[list[Text]] = []
    if lake.live:
        head += ["rows", "shows the shop until", "checks"]
    for table in tables:
        row: list[Text] = [(Link(Code(table.name), table.name),), (table.doc,), (table.table.grain.removeprefix("one row "),)]
        if lake.live:
            row += _live_cells(lake.live.tables.get(table.name))
        rows.append(row)
    return Grid(head, rows)


def _live_cells(live: LiveTable | None) -> list[Text]:
    if live is None:
        return [("not in it",), ("",), ("",)]
    failing = [check for check in live.checks.values() if not check.passed]
    held: Inline = Mark(f"{len(failing)} not held", "bad") if failing else Mark(f"{len(live.checks)} held", "good")
    return [(f"{live.row_count:,}",), _age(live, is_short=True), (held,)]


def _bronze(lake: _Subject) -> Page:
    shop = {f"bronze.{table.name}": table for table in SHOP_TABLES}
    rows: list[list[Text]] = []
    for name in sorted({*shop, *lake.tables.bronze}):
        source = shop.get(name)
        key = separated([(Code(column.name),) for column in source.primary_key]) if source is not None else ()
        said = (source.comment or "").removeprefix("One row per ").removesuffix(".") if source is not None else ""
        rows.append([(Code(name),), (said,), key, _leads_to(lake, name)])
    metadata: list[list[Text]] = [[(Code(field.name),), (Code(str(field.field_type)),), (field.doc or "",)] for field in METADATA_FIELDS]
    return Page(
        BRONZE,
        "Bronze",
        [
            Paragraph(
                (
                    "A bronze table holds every change of one table of ", Link("the shop", SHOP), ", captured from PostgreSQL's own log exactly once, and is only "
                    "added to. Its first rows are a ", Link("first load", GLOSSARY, "first load"), " (", Code("_operation"), " is ", Code(SNAPSHOT_OPERATION), "). Files are "
                    "partitioned by the position in the log. It has the source's columns, described as there, and these:",
                )
            ),
            Grid(["column", "type", "meaning"], metadata),
            Heading("Tables"),
            Grid(["table", "changes of each", "key at the source", "made from it"], rows),
        ],
    )  # fmt: skip


def _table(lake: _Subject, table: LakeTable) -> Page:
    declared = table.table
    live = lake.live.tables.get(table.name) if lake.live else None
    said = " ".join([table.doc, declared.grain, *(f"{column.name.replace('_', ' ')} {column.doc}" for column in declared.columns)]).lower()
    linker = Linker(lake.terms, tuple(lake.tables.by_name), said)
    blocks: list[Block] = [Paragraph(linker.text(table.doc, table.name)), _declared(lake, table, linker)]
    if lake.live:
        blocks += _in_release(lake.live, live)
    blocks += [Heading("Columns"), _columns(table, linker)]
    outputs = lake.readers_of(table.name)
    blocks += [Heading("Lineage"), Neighbours(table.name, table.inputs, outputs)]
    blocks += [
        Bullets(
            [
                ("made from ", *separated([(_to(lake, name),) for name in table.inputs])),
                ("made of it: ", *(_leads_to(lake, table.name) or ("nothing",))),
            ]
        )
    ]
    blocks += [Heading("How it follows its inputs"), Bullets(refresh(declared, table.inputs))]
    blocks += [Heading("Checks"), _checks(table, live, linker)]
    if live:
        blocks += _samples(table, live)
    return Page(table.name, table.name, blocks)


def _declared(lake: _Subject, table: LakeTable, linker: Linker) -> Block:
    declared = table.table
    promise = declared.fresh_within_minutes
    rows: list[tuple[str, Text]] = [
        ("grain", linker.text(declared.grain, table.name)),
        ("key", separated([(Code(name),) for name in declared.key])),
        *([("owner", (declared.owner,))] if declared.owner else []),
        *([("freshness", (f"no older than {promise} minutes",))] if promise is not None else []),
        ("files", partitioning(declared)),
        ("code", (Code(f"spark_jobs/{table.name.replace('.', '/')}.py"),)),
    ]
    return _facts(rows, {term.word for term in lake.terms})


def _facts(rows: list[tuple[str, Text]], defined: set[str] | None = None) -> Block:
    """Named facts; a name that the glossary defines leads there."""
    return Grid(["", ""], [[(Link(name, GLOSSARY, name) if name in (defined or ()) else name,), value] for name, value in rows])


def _in_release(live: Live, table: LiveTable | None) -> list[Block]:
    heading = Heading(f"In release {live.release.release_id}")
    if table is None:
        return [
            heading,
            Paragraph((f"Release {live.release.release_id} has no such table. ", Code("shoplake build --table"), " builds it.")),
        ]
    made: Inline = Mark("the code as it is", "good") if table.is_as_declared else Mark("other code than what these pages tell of", "care")
    rows: list[tuple[str, Text]] = [
        ("rows", (f"{table.row_count:,}",)),
        ("shows the shop until", _age(table)),
        ("published", (_instant(live.release.published_at),)),
        ("snapshot", (Code(str(table.version.snapshot_id)),)),
        ("made by", (made,)),
    ]
    return [heading, _facts(rows)]


def _age(table: LiveTable, is_short: bool = False) -> Text:
    if table.shown_until is None or table.age is None:
        return ("not known",)
    told = f"{_length(table.age)} ago" if is_short else f"{_instant(table.shown_until)}, {_length(table.age)} ago"
    if table.is_fresh is None:
        return (told,)
    return (f"{told}, ", Mark("as promised", "good") if table.is_fresh else Mark("older than promised", "bad"))


def _columns(table: LakeTable, linker: Linker) -> Block:
    rows = [
        [(linker.name(column.name),), (Code(str(column.type)),), (unit_of(column),), _meaning(table, column, linker)]
        for column in table.table.columns
    ]
    return Grid(["column", "type", "unit", "meaning"], rows)


def _meaning(table: LakeTable, column: Column, linker: Linker) -> Text:
    said = linker.text(column.doc, table.name)
    return (*said, "; ", Mark("personal data", "care")) if column.is_personal else said


def _checks(table: LakeTable, live: LiveTable | None, linker: Linker) -> Block:
    rules = [(name, rule, Severity.STOP) for name, rule in key_rules(table.table).items()]
    rules += [(check.name, check.rule, check.severity) for check in table.table.checks]
    head = ["rule", "if it does not hold"]
    rows: list[list[Text]] = []
    if live:
        head.append("when this version was built")
    for name, rule, severity in rules:
        row: list[Text] = [linker.text(rule, table.name), (_CHECKED_AT[severity],)]
        if live:
            result = live.checks.get(name)
            row.append(
                ("not run",)
                if result is None
                else (Mark("held", "good"),)
                if result.passed
                else (Mark("did not hold", "bad"), f": {result.sentence}")
            )
        rows.append(row)
    return Grid(head, rows)


def _samples(table: LakeTable, live: LiveTable) -> list[Block]:
    if not live.samples:
        return [Heading("Sample rows"), Paragraph(("There are none.",))]
    rows = [[(value if value is not None else "null",) for value in row] for row in live.samples]
    blocks: list[Block] = [Heading("Sample rows"), Grid(table.table.column_names, rows, is_data=True)]
    if any(column.is_personal for column in table.table.columns):
        blocks.append(Paragraph((f"Up to {SAMPLE_ROWS} rows; of personal data the first character alone.",)))
    return blocks


def _leads_to(lake: _Subject, name: str) -> Text:
    return separated([(_to(lake, reader),) for reader in lake.readers_of(name)])


def _to(lake: _Subject, name: str) -> Inline:
    return Link(Code(name), name if name in lake.tables.by_name else BRONZE)


def _glossary(lake: _Subject) -> Page:
    blocks: list[Block] = []
    for section in dict.fromkeys(term.section for term in lake.terms):
        terms = [(term.word, term.definition) for term in lake.terms if term.section == section]
        blocks += [Heading(section), Definitions(terms)]
    return Page(GLOSSARY, "Glossary", blocks)


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S UTC")


def _length(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 2 * 60:
        return f"{minutes} minutes" if minutes != 1 else "1 minute"
    hours = minutes // 60
    return f"{hours} hours" if hours < 2 * 24 else f"{hours // 24} days"
