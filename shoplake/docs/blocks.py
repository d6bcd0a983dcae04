"""What a page is made of, before it is Markdown or HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

INDEX = "index"
BRONZE = "bronze"
GLOSSARY = "glossary"
SHOP = "shop"


@dataclass(frozen=True)
class Code:
    """A name as the code has it."""

    text: str


@dataclass(frozen=True)
class Link:
    """Words that lead to another page.

    Attributes:
        words: What is read.
        page: The name of the page: a table's, or one of this module's constants.
        place: A part of that page; of the glossary, a word that it defines.
    """

    words: str | Code
    page: str
    place: str = ""


@dataclass(frozen=True)
class Mark:
    """A word that stands out, because something is as it should be, is not, or wants care."""

    text: str
    kind: Literal["good", "bad", "care"]


Inline = str | Code | Link | Mark
Text = tuple[Inline, ...]


@dataclass(frozen=True)
class Heading:
    """The heading of a part; the page's title is none."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Words."""

    text: Text


@dataclass(frozen=True)
class Bullets:
    """Things of one kind."""

    items: Sequence[Text]


@dataclass(frozen=True)
class Grid:
    """Rows under a heading, a text for each cell; ``is_data`` says that they are rows of a table, to be kept on a line each."""

    head: Sequence[str]
    rows: Sequence[Sequence[Text]]
    is_data: bool = False


@dataclass(frozen=True)
class Definitions:
    """Words and what they mean; links lead to a word."""

    terms: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Neighbours:
    """A table between what it is made from and what is made of it."""

    table: str
    inputs: Sequence[str]
    outputs: Sequence[str]


@dataclass(frozen=True)
class Lineage:
    """All tables, each with what it is made from."""

    inputs: Mapping[str, Sequence[str]]
    owners: Mapping[str, str | None]


Block = Heading | Paragraph | Bullets | Grid | Definitions | Neighbours | Lineage


@dataclass(frozen=True)
class Page:
    """A page: its name, which links use, its title and what stands on it."""

    name: str
    title: str
    blocks: Sequence[Block]


def separated(texts: Sequence[Text], by: str = ", ") -> Text:
    """Texts one behind the other."""
    return tuple(part for number, text in enumerate(texts) for part in ((by, *text) if number else text))
