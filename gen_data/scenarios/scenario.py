"""What a scenario is: a name, a story, what it does to the shop, and what that must show in the numbers.

Everything is a plain value, so that a scenario can be shown in words and its expectations be proven by SQL.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, Self

from gen_data.scenarios.effects import ALL_DAY, LEAST_INTENSITY, MOST_INTENSITY, Effect, Hours
from gen_data.scenarios.influence import Influence
from gen_data.scenarios.measures import MEASURES, Measure
from shoplake.core.errors import SettingsError

AND = "+"


@dataclass(frozen=True)
class Expectation:
    """A measure that a scenario moves against a normal day, ``during`` these hours of a day, by at least this factor.

    What takes time to show is looked at ``days_later``, the scenario being in
    force all the while. Stated for a shop of 1,000 orders a day: in a much
    smaller one chance may hide it, in a much larger one a few frauds drown.
    """

    measure: Measure
    direction: Literal["rises", "falls"]
    at_least: float
    during: Hours = ALL_DAY
    days_later: int = 0

    def scaled(self, intensity: float) -> Self:
        """What a weaker scenario must show at least; a stronger one is held to no more, as some effects have a limit."""
        return replace(self, at_least=1.0 + (self.at_least - 1.0) * min(intensity, 1.0))

    def is_met(self, value: float, normal: float) -> bool:
        """Whether the measure's value under the scenario is so far from that of a normal day."""
        high, low = (value, normal) if self.direction == "rises" else (normal, value)
        return high > low and high >= self.at_least * low

    def __str__(self) -> str:
        when = "over the day" if self.during == ALL_DAY else str(self.during)
        later = f", {self.days_later} {'day' if self.days_later == 1 else 'days'} later" if self.days_later else ""
        return f"{self.measure.name} {self.direction} to {self._bound()} {when}{later}"

    def _bound(self) -> str:
        return f"at least {self.at_least:.2f} times" if self.direction == "rises" else f"at most {1 / self.at_least:.2f} times"


@dataclass(frozen=True)
class Scenario:
    """A way for the shop to behave: what its ``effects`` leave alone is as on a normal day.

    ``parts`` is empty but for scenarios that :func:`together` made.
    """

    name: str
    story: str
    effects: tuple[Effect, ...] = ()
    expects: tuple[Expectation, ...] = ()
    parts: tuple["Scenario", ...] = ()

    def __hash__(self) -> int:
        # What is kept by scenario is looked up in every tick: hashing all that it holds would cost more than the rest.
        return hash(self.name)

    def scaled(self, intensity: float) -> Self:
        """The same, ``intensity`` times as strong: its effects, and what must show of them."""
        return replace(
            self,
            effects=tuple(effect.scaled(intensity) for effect in self.effects),
            expects=tuple(expectation.scaled(intensity) for expectation in self.expects),
            parts=tuple(part.scaled(intensity) for part in self.parts),
        )


def together(scenarios: Iterable[Scenario]) -> Scenario:
    """Several scenarios at once, each of them once, in whatever order they are given; at least one.

    A scenario without effects, such as a normal day, adds nothing. ``expects``
    is what each must show by itself.
    """
    given = list(scenarios)
    parts = {part.name: part for scenario in given for part in (scenario.parts or (scenario,)) if part.effects}
    ordered = tuple(parts[name] for name in sorted(parts))
    if len(ordered) < 2:
        return ordered[0] if ordered else min(given, key=lambda scenario: scenario.name)
    return Scenario(
        name=AND.join(part.name for part in ordered),
        story=" ".join(part.story for part in ordered),
        effects=tuple(effect for part in ordered for effect in part.effects),
        expects=tuple(expectation for part in ordered for expectation in part.expects),
        parts=ordered,
    )


def check_intensity(intensity: float) -> None:
    """Raise SettingsError unless effects can be so many times as strong."""
    if not LEAST_INTENSITY <= intensity <= MOST_INTENSITY:
        raise SettingsError(
            f"scenario: an intensity of {intensity:g} is not possible. Give {LEAST_INTENSITY:g} to {MOST_INTENSITY:g}; 1 is as declared."
        )


@lru_cache(maxsize=256)
def influence_of(scenario: Scenario, intensity: float) -> Influence:
    """What a scenario's effects, ``intensity`` times as strong, come to. Shared: not to be changed."""
    influence = Influence()
    for effect in scenario.effects:
        effect.scaled(intensity).act(influence)
    return influence


def rises(measure: str, at_least: float, during: Hours = ALL_DAY, days_later: int = 0) -> Expectation:
    """The measure of this name is at least so many times that of a normal day."""
    return Expectation(MEASURES[measure], "rises", at_least, during, days_later)


def falls(measure: str, at_least: float, during: Hours = ALL_DAY, days_later: int = 0) -> Expectation:
    """That of a normal day is at least so many times the measure of this name."""
    return Expectation(MEASURES[measure], "falls", at_least, during, days_later)
