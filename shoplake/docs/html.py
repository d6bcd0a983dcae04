"""Writes the pages as a small site of files: nothing is fetched from anywhere, so that it opens from a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

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
)
from shoplake.docs.lineage import lineage_svg, neighbours_svg

_STYLE, _SCRIPT = "style.css", "lineage.js"


def write(pages: Sequence[Page], folder: Path, about: str) -> list[Path]:
    """Write each page into ``folder``, made where it is missing, over what an earlier run left; ``about`` ends each. Gives the files.

    Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {page.name: _file(page.name) for page in pages if page.name not in (INDEX, GLOSSARY)}
    written = []
    for page in pages:
        path = folder / _file(page.name)
        path.write_text(_page(page, tables, about))
        written.append(path)
    for name in (_STYLE, _SCRIPT):
        path = folder / name
        path.write_text(files("shoplake.docs").joinpath(name).read_text())
        written.append(path)
    return written


def _file(page: str) -> str:
    return f"{page}.html"


def _page(page: Page, tables: dict[str, str], about: str) -> str:
    # All bronze tables are on one page.
    bronze = {name: _file(BRONZE) for block in page.blocks for name in _drawn(block) if name.startswith("bronze.")}
    body = "\n".join(_block(block, tables | bronze) for block in page.blocks)
    ways = " · ".join(
        f'<a href="{_file(name)}">{words}</a>' for name, words in ((INDEX, "tables"), (BRONZE, "bronze"), (GLOSSARY, "glossary"))
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(page.title)}</title>\n<link rel="stylesheet" href="{_STYLE}">\n<script src="{_SCRIPT}" defer></script>\n</head>\n<body>\n'
        f"<nav>{ways}</nav>\n<h1>{escape(page.title)}</h1>\n{body}\n<footer>{escape(about)}</footer>\n</body>\n</html>\n"
    )


def _drawn(block: Block) -> Sequence[str]:
    match block:
        case Lineage(inputs):
            return [source for sources in inputs.values() for source in sources]
        case Neighbours(_, inputs):
            return inputs
        case _:
            return ()


def _block(block: Block, addresses: dict[str, str]) -> str:
    match block:
        case Heading(text):
            return f'<h2 id="{_slug(text)}">{escape(text)}</h2>'
        case Paragraph(text):
            return f"<p>{_words(text)}</p>"
        case Bullets(items):
            return "<ul>" + "".join(f"<li>{_words(item)}</li>" for item in items) + "</ul>"
        case Grid(head, rows, is_data):
            return _grid(head, rows, is_data)
        case Definitions(terms):
            return "<dl>" + "".join(f'<dt id="{_slug(word)}">{escape(word)}</dt><dd>{_plain(said)}</dd>' for word, said in terms) + "</dl>"
        case Neighbours():
            return f'<div class="picture">{neighbours_svg(block, addresses)}</div>'
        case Lineage():
            return f'<div class="picture wide">{lineage_svg(block, addresses)}</div>'


def _grid(head: Sequence[str], rows: Sequence[Sequence[Text]], is_data: bool) -> str:
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    first = f"<thead><tr>{names}</tr></thead>" if any(head) else ""
    body = "".join(f"<tr>{''.join(f'<td>{_words(cell)}</td>' for cell in row)}</tr>" for row in rows)
    kind = ' class="data"' if is_data else "" if first else ' class="facts"'
    return f'<div class="grid"><table{kind}>{first}<tbody>{body}</tbody></table></div>'


def _words(text: Text) -> str:
    return "".join(map(_inline, text))


def _inline(part: Inline) -> str:
    match part:
        case str():
            return escape(part)
        case Code(text):
            return f"<code>{escape(text)}</code>"
        case Mark(text, kind):
            return f'<span class="{kind}">{escape(text)}</span>'
        case Link(words, page, place):
            # The shop's own page is no part of the site.
            return _inline(words) if page == SHOP else f'<a href="{_file(page)}{f"#{_slug(place)}" if place else ""}">{_inline(words)}</a>'


def _plain(markdown: str) -> str:
    """A definition of the glossary, whose only mark-up is that of code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(markdown, quote=False))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
