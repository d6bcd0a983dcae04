"""The words of GLOSSARY.md, and where a text uses them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from shoplake.core.settings import PROJECT_FOLDER
from shoplake.docs.blocks import GLOSSARY, Code, Inline, Link, Text

GLOSSARY_FILE = PROJECT_FOLDER / "GLOSSARY.md"
NUMBERS = "Numbers of the shop"

_ROW = re.compile(r"^\| (?P<word>.+?) \| (?P<definition>.+) \|$")
_SHORT_FORM = re.compile(r"\(([^)]+)\)")
_TABLE_NAME = re.compile(r"\b(?:silver|gold)\.[a-z][a-z0-9_]*\b")


@dataclass(frozen=True)
class Term:
    """A word of the glossary, in the section that defines it."""

    word: str
    definition: str
    section: str

    @cached_property
    def phrases(self) -> tuple[str, ...]:
        """The ways in which texts say it: its parts between commas, and short forms in brackets, in lower case."""
        return (*self.parts, *(part.lower() for part in _SHORT_FORM.findall(self.word)))

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Its words, where it defines several that belong together, in lower case."""
        return tuple(part.strip().lower() for part in _SHORT_FORM.sub("", self.word).split(","))


def read_terms() -> list[Term]:
    """Every word of the glossary, in its order."""
    terms, section = [], ""
    for line in GLOSSARY_FILE.read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif (row := _ROW.match(line)) and row["word"] not in ("word", "---"):
            terms.append(Term(row["word"], row["definition"], section))
    return terms


class Linker:
    """Makes links of the tables and of the glossary's numbers that a text names; a table's own page is not linked from itself."""

    def __init__(self, terms: Sequence[Term], tables: Sequence[str], subject: str) -> None:
        """``subject`` is everything that the page says: words that are defined together count only where it says them all."""
        self._tables = frozenset(tables)
        by_phrase: dict[str, Term] = {}
        said = [term for term in terms if term.section == NUMBERS and all(part in subject.lower() for part in term.parts)]
        for term in sorted(said, key=lambda term: len(term.parts)):
            by_phrase |= dict.fromkeys(term.phrases, term)
        self._by_phrase = by_phrase
        phrases = sorted(by_phrase, key=len, reverse=True)
        # Whole words, in the plural too; not within a name or a path.
        words = rf"|(?<![\w./-])(?:{'|'.join(map(re.escape, phrases))})s?(?![\w/-])" if phrases else ""
        self._found = re.compile(f"{_TABLE_NAME.pattern}{words}", re.IGNORECASE)

    def text(self, words: str, page: str = "") -> Text:
        """A text with its links, each place once; ``page`` is where it stands."""
        parts: list[Inline] = []
        end = 0
        for found in self._found.finditer(words):
            link = self._link(found[0], page)
            if link is not None and not any(_is_same_place(link, part) for part in parts):
                parts += [words[end : found.start()], link]
                end = found.end()
        return tuple(part for part in (*parts, words[end:]) if part != "")

    def name(self, column: str) -> Inline:
        """A column's name, linked where the glossary defines that number."""
        term = self._by_phrase.get(column.replace("_", " "))
        return Link(Code(column), GLOSSARY, term.word) if term else Code(column)

    def _link(self, found: str, page: str) -> Inline | None:
        if _TABLE_NAME.fullmatch(found):
            return Code(found) if found == page else Link(Code(found), found) if found in self._tables else None
        term = self._by_phrase.get(found.lower()) or self._by_phrase[found.lower().removesuffix("s")]
        return Link(found, GLOSSARY, term.word)


def _is_same_place(link: Inline, part: Inline) -> bool:
    return (
        isinstance(link, Link) and isinstance(part, Link) and link.page == GLOSSARY and (link.page, link.place) == (part.page, part.place)
    )
