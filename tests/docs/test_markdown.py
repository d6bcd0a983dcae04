import re
from pathlib import Path

import pytest

from shoplake.core.settings import PROJECT_FOLDER
from shoplake.docs.blocks import Code, Grid, Page
from shoplake.docs.markdown import FOLDER, as_markdown, files, write
from spark_jobs.audit import key_rules
from spark_jobs.tables import discover

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return files()


def test_the_pages_of_the_tables_say_what_the_code_declares(pages: dict[str, str]) -> None:
    written = {path.name: path.read_text() for path in FOLDER.iterdir()}
    stale = sorted(name for name in written.keys() | pages.keys() if written.get(name) != pages.get(name))
    assert stale == [], "docs/tables is stale: write it with `make docs`"


def test_every_table_has_a_page_with_its_columns_inputs_readers_and_checks(pages: dict[str, str]) -> None:
    tables = discover()
    for name, table in tables.by_name.items():
        page = pages[f"{name}.md"]
        wanted = [f"`{column.name}`" for column in table.table.columns] + [f"[`{source}`](" for source in table.inputs]
        wanted += [f"[`{reader.name}`]({reader.name}.md)" for reader in tables.by_name.values() if name in reader.inputs]
        assert [one for one in wanted if one not in page] == [], name
        rules = page.partition("## Checks\n")[2].strip().splitlines()[2:]
        assert len(rules) == len(table.table.checks) + len(key_rules(table.table)), name
        assert f"[`{name}`]({name}.md)" in pages["README.md"]


def test_every_link_leads_to_a_file_and_to_a_heading_in_it(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        for path, _, place in (link.partition("#") for link in re.findall(r"\]\(([^)]+)\)", text)):
            target = (FOLDER / path).resolve()
            assert target.is_file(), f"{name} links {path}"
            assert target.is_relative_to(PROJECT_FOLDER)
            headings = [
                re.sub(r"[^\w -]", "", line[3:].lower()).replace(" ", "-") for line in target.read_text().splitlines() if line[:3] == "## "
            ]
            assert not place or place in headings, f"{name} links {path}#{place}"


def test_a_row_of_a_grid_has_as_many_cells_as_its_heading(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        for block in text.split("\n\n"):
            if block.startswith("| "):
                assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1, f"{name}: {block[:80]}"


def test_what_no_table_has_any_more_is_removed(tmp_path: Path) -> None:
    (tmp_path / "gold.gone.md").write_text("a table that was")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == files().keys()


def test_signs_that_markdown_reads_stay_what_they_are() -> None:
    page = Page("gold.a", "gold.a", [Grid(["rule"], [[("a | b * <c> [d]",)], [(Code("a_b"),)]])])
    assert as_markdown(page, {}).endswith("| rule |\n| --- |\n| a \\| b \\* \\<c> \\[d\\] |\n| `a_b` |\n")
