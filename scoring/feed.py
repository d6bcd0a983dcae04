"""How well dirty messages of the marketplaces were told from clean ones."""

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass

KINDS = ("late", "repeated", "malformed", "out_of_order", "contradicting")
ALL = "all"


@dataclass(frozen=True)
class DirtGrade:
    """How well one kind of dirt, or all of it, was found; shares are 0 to 1, and None where there is nothing to divide by.

    Attributes:
        kind: Kind of dirt, or ``all``.
        dirty: Messages of the kind.
        caught: Of these, those for which any problem was found.
        named: Of these, those for which this very problem was found; for ``all``, for which theirs was.
    """

    kind: str
    dirty: int
    caught: int
    named: int

    @property
    def caught_share(self) -> float | None:
        """Share of the dirty messages that were caught."""
        return self.caught / self.dirty if self.dirty else None


@dataclass(frozen=True)
class FeedGrade:
    """Grades by kind of dirt, all of it last; and how many clean messages there are, and how many of them were refused."""

    dirt: list[DirtGrade]
    clean: int
    refused: int

    @property
    def refused_share(self) -> float | None:
        """Share of the clean messages that were refused, 0 to 1; None where there is none."""
        return self.refused / self.clean if self.clean else None


def grade_feed(problems: Mapping[int, Set[str]], messages: Set[int], truth: Mapping[int, str]) -> FeedGrade:
    """Grades of the ``problems`` that were found for messages. What is not among ``messages`` does not count: the lake cannot know of it."""
    dirt = {message: kind for message, kind in truth.items() if message in messages}
    of_kind = Counter(dirt.values())
    caught = Counter(kind for message, kind in dirt.items() if message in problems)
    named = Counter(kind for message, kind in dirt.items() if kind in problems.get(message, ()))
    grades = [DirtGrade(kind, of_kind[kind], caught[kind], named[kind]) for kind in KINDS]
    refused = sum(1 for message in problems if message in messages and message not in dirt)
    return FeedGrade([*grades, DirtGrade(ALL, len(dirt), caught.total(), named.total())], len(messages) - len(dirt), refused)
