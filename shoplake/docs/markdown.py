"""Writes docs/tables, a page for each table of the lake, from what the code declares: ``python -m shoplake.docs.markdown``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from shoplake.core.settings import PROJECT_FOLDER
from shoplake.docs.blocks import (
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
    Neighbours,
    Page,
    Paragraph,
    Text,
)
from shoplake.docs.glossary import read_terms
from shoplake.docs.lineage import lineage_svg, neighbours_mermaid
from shoplake.docs.pages import lineage, pages
from spark_jobs.tables import discover

FOLDER = PROJECT_FOLDER / "docs" / "tables"

_LINEAGE_FILE = "lineage.svg"
_NOTE = "*Written by `make docs` from what the code declares. Do not edit.*"


def files() -> dict[str, str]:
    """The text of each file of docs/tables by its name."""
    sections = {term.word: term.section for term in read_terms()}
    tables = discover()
    written: dict[str, str] = {}
    for page in pages(tables):
        if page.name == GLOSSARY:
            continue  # GLOSSARY.md itself is that page.
        written[_file(page.name)] = as_markdown(page, sections)
    return written | {_LINEAGE_FILE: lineage_svg(lineage(tables))}


def write(folder: Path = FOLDER) -> None:
    """Write the files, and remove what else is there."""
    folder.mkdir(parents=True, exist_ok=True)
    written = files()
    for name, text in written.items():
        (folder / name).write_text(text)
    for path in folder.iterdir():
        if path.name not in written:
            path.unlink()


def _file(page: str) -> str:
    return "README.md" if page == INDEX else f"{page}.md"


def as_markdown(page: Page, sections: Mapping[str, str]) -> str:
    """The text of a page; ``sections`` says under which heading GLOSSARY.md defines each word."""

    def inline(part: Inline) -> str:
        match part:
            case str():
                return re.sub(r"([|<*\[\]\\])", r"\\\1", part)
            case Code(text):
                return f"`{text}`"
            case Link(words, target, place):
                return f"[{inline(words)}]({_address(target, place, sections)})"
            case _:
                return inline(part.text)

    def words(text: Text) -> str:
        return "".join(map(inline, text))

    def block(one: Block) -> str:
        match one:
            case Heading(text):
                return f"## {text}"
            case Paragraph(text):
                return words(text)
            case Bullets(items):
                return "\n".join(f"- {words(item)}" for item in items)
            case Grid(head, rows) if not any(head):
                return "\n".join(f"- {words(name)}: {words(value)}" for name, value in rows)
            case Grid(head, rows):
                lines = [list(head), ["---"] * len(head), *([words(cell) for cell in row] for row in rows)]
                return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
            case Definitions(terms):
                return "\n".join(f"- {word}: {definition}" for word, definition in terms)
            case Neighbours():
                return f"```mermaid\n{neighbours_mermaid(one)}\n```"
            case Lineage():
                return f"[![What is made from what]({_LINEAGE_FILE})]({_LINEAGE_FILE})"

    back = "" if page.name == INDEX else f"[All tables]({_file(INDEX)})\n\n"
    return f"# {page.title}\n\n{back}{_NOTE}\n\n" + "\n\n".join(map(block, page.blocks)) + "\n"


def _address(page: str, place: str, sections: Mapping[str, str]) -> str:
    if page == GLOSSARY:
        # Of a table's rows GitHub makes no places, of headings it does.
        section = re.sub(r"[^\w -]", "", sections[place].lower()).replace(" ", "-")
        return f"../../GLOSSARY.md#{section}"
    return "../shop.md" if page == SHOP else _file(page)


if __name__ == "__main__":
    write()
