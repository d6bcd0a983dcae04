"""Draws what is made from what, left to right, as SVG: columns by layer and depth, lines that cross as little as can be found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from statistics import fmean

from shoplake.docs.blocks import Lineage, Neighbours

LAYERS = ("bronze", "silver", "gold")
_BACKGROUND = {"bronze": "#f6ece2", "silver": "#eef1f4", "gold": "#fbf4d9"}
_INK = {"bronze": "#8a5a2b", "silver": "#51606e", "gold": "#8a6d00"}
_OWNERS = {"finance": "#2a7f62", "operations": "#2f6db3", "customers": "#9b4d9b", "product": "#c0632b", "risk": "#b3313f"}
_LINES = ("#2f6db3", "#c0632b", "#2a7f62", "#9b4d9b", "#b3313f", "#7a6a00", "#3a8d95", "#6b5bd2")
_HEIGHT, _LANE, _GAP, _BETWEEN, _MARGIN, _TOP = 24, 5, 8, 60, 14, 62
_LETTER = 6.9
_SWEEPS = 24


@dataclass(frozen=True)
class _Stop:
    """A place in a column: a table, or the lane by which its lines pass a column on their way further right."""

    table: str
    column: int
    is_lane: bool

    @property
    def height(self) -> int:
        return _LANE if self.is_lane else _HEIGHT


def lineage_svg(lineage: Lineage, addresses: Mapping[str, str] | None = None) -> str:
    """The picture of all tables; with ``addresses`` each leads to its page."""
    columns = _columns(lineage.inputs)
    return _drawn(columns, lineage.inputs, lineage.owners, addresses or {})


def neighbours_svg(around: Neighbours, addresses: Mapping[str, str] | None = None) -> str:
    """The picture of one table between what it is made from and what is made of it."""
    columns = dict.fromkeys(around.inputs, 0) | {around.table: 1} | dict.fromkeys(around.outputs, 2)
    inputs = {around.table: around.inputs} | {name: [around.table] for name in around.outputs}
    return _drawn(columns, inputs, {}, addresses or {}, around.table)


def neighbours_mermaid(around: Neighbours) -> str:
    """The same for Mermaid, which GitHub draws."""
    edges = [(name, around.table) for name in around.inputs] + [(around.table, name) for name in around.outputs]
    boxes = [f"    {_identifier(name)}[{name}]" for name in (*around.inputs, around.table, *around.outputs)]
    lines = [f"    {_identifier(source)} --> {_identifier(target)}" for source, target in edges]
    # Many tables below each other would else fill several screens.
    close = '%%{init: {"flowchart": {"nodeSpacing": 12}}}%%'
    return "\n".join([close, "flowchart LR", *boxes, *lines, f"    style {_identifier(around.table)} stroke-width:3px"])


def _identifier(name: str) -> str:
    return name.replace(".", "_")


def _columns(inputs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The column of each table: its layer's first one, or the one behind the last of its inputs; no layer begins before the last has ended."""
    columns: dict[str, int] = {}
    first = 0
    for layer in LAYERS:
        names = [name for name in (*inputs, *(source for sources in inputs.values() for source in sources)) if name.startswith(f"{layer}.")]
        for name in dict.fromkeys(names):
            columns[name] = max([first, *(columns[source] + 1 for source in inputs.get(name, ()) if source in columns)])
        first = max([first, *(column + 1 for column in columns.values())])
    return columns


def _drawn(
    columns: Mapping[str, int],
    inputs: Mapping[str, Sequence[str]],
    owners: Mapping[str, str | None],
    addresses: Mapping[str, str],
    here: str | None = None,
) -> str:
    """The picture: of everything on a ground for each layer, or around the table ``here``, with the layers in the names."""
    label = str if here else _short
    links = _links(columns, inputs)
    order = _ordered(columns, links)
    middle = _placed(order, links)
    top = _MARGIN if here else _TOP
    shift = top - min(middle[stop] - stop.height / 2 for stop in middle)
    middle = {stop: place + shift for stop, place in middle.items()}
    height = max(middle[stop] + stop.height / 2 for stop in middle) + _MARGIN
    lefts, widths = _across(order, links, label)
    width = lefts[-1] + widths[-1] + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="11.5">',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
    ]
    if not here:
        parts += _bands(order, lefts, widths, height) + _legend(owners, width)
    parts += _lines(columns, inputs, middle, lefts, widths)
    for stop in (stop for stop in middle if not stop.is_lane):
        name, left, width_of_box = stop.table, lefts[stop.column], widths[stop.column]
        box = _box(name, label(name), left, middle[stop], width_of_box, owners.get(name), name == here)
        parts.append(f'<a href="{escape(addresses[name])}">{box}</a>' if name in addresses else box)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _links(columns: Mapping[str, int], inputs: Mapping[str, Sequence[str]]) -> list[tuple[_Stop, _Stop]]:
    """What the lines join from one column to the next."""
    edges = [(source, target) for target, sources in inputs.items() for source in sources]
    return list(dict.fromkeys(pair for source, target in edges for pair in pairwise(_stops(source, target, columns))))


def _stops(source: str, target: str, columns: Mapping[str, int]) -> list[_Stop]:
    """The way of a line. All lines of a table share one lane through a column that they pass."""
    lanes = [_Stop(source, column, True) for column in range(columns[source] + 1, columns[target])]
    return [_Stop(source, columns[source], False), *lanes, _Stop(target, columns[target], False)]


def _ordered(columns: Mapping[str, int], links: Sequence[tuple[_Stop, _Stop]]) -> list[list[_Stop]]:
    """Each column from top to bottom: by the mean place of what a stop is linked to, from left to right and back (K. Sugiyama and others, 1981)."""
    stops = {_Stop(name, column, False) for name, column in columns.items()} | {stop for link in links for stop in link}
    order = [sorted((stop for stop in stops if stop.column == column), key=str) for column in range(max(columns.values()) + 1)]
    before, after = _both_ways(links)
    best, fewest = order, _crossings(order, links)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        sides = before if forward else after
        for column in range(len(order)) if forward else range(len(order) - 1, -1, -1):
            places = {stop: number for stops_there in order for number, stop in enumerate(stops_there)}
            order[column] = sorted(order[column], key=lambda stop: _mean(stop, sides, places))
        crossings = _crossings(order, links)
        if crossings < fewest:
            best, fewest = [list(stops_there) for stops_there in order], crossings
    return best


def _both_ways(links: Sequence[tuple[_Stop, _Stop]]) -> tuple[dict[_Stop, list[_Stop]], dict[_Stop, list[_Stop]]]:
    before: dict[_Stop, list[_Stop]] = {}
    after: dict[_Stop, list[_Stop]] = {}
    for source, target in links:
        before.setdefault(target, []).append(source)
        after.setdefault(source, []).append(target)
    return before, after


def _mean(stop: _Stop, sides: Mapping[_Stop, Sequence[_Stop]], places: Mapping[_Stop, float]) -> float:
    return fmean(places[other] for other in sides[stop]) if stop in sides else places[stop]


def _crossings(order: Sequence[Sequence[_Stop]], links: Sequence[tuple[_Stop, _Stop]]) -> int:
    places = {stop: number for stops in order for number, stop in enumerate(stops)}
    crossings = 0
    for column in range(len(order) - 1):
        ends = sorted((places[source], places[target]) for source, target in links if source.column == column)
        crossings += sum(later[1] < one[1] for number, one in enumerate(ends) for later in ends[number + 1 :] if later[0] > one[0])
    return crossings


def _placed(order: Sequence[Sequence[_Stop]], links: Sequence[tuple[_Stop, _Stop]]) -> dict[_Stop, float]:
    """The height of each stop's middle: near what it is linked to, in the column's order, never one over another."""
    before, after = _both_ways(links)
    middle: dict[_Stop, float] = {}
    for stops in order:
        middle |= _apart(stops, dict.fromkeys(stops, 0.0))
    # The longest column stays as it is, without holes; the others follow it.
    longest = max(order, key=lambda stops: sum(stop.height + _GAP for stop in stops))
    for sweep in range(_SWEEPS + 1):
        sides = before if sweep % 2 == 0 else after
        for stops in (one for one in (order if sweep % 2 == 0 else reversed(order)) if one is not longest):
            middle |= _apart(stops, {stop: _mean(stop, sides, middle) for stop in stops})
    return middle


def _apart(stops: Sequence[_Stop], wanted: Mapping[_Stop, float]) -> dict[_Stop, float]:
    """The places nearest to those wanted that keep the order and the gaps: isotonic regression by pooling neighbours that collide."""
    offsets, offset = [], 0.0
    for number, stop in enumerate(stops):
        offset += (stops[number - 1].height + stop.height) / 2 + _GAP if number else 0.0
        offsets.append(offset)
    pools: list[tuple[float, int]] = []
    for stop, offset in zip(stops, offsets, strict=True):
        pools.append((wanted[stop] - offset, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low, few), (high, more) = pools.pop(), pools.pop()
            pools.append(((low * few + high * more) / (few + more), few + more))
    bases = [base for base, count in pools for _ in range(count)]
    return {stop: base + offset for stop, base, offset in zip(stops, bases, offsets, strict=True)}


def _across(
    order: Sequence[Sequence[_Stop]], links: Sequence[tuple[_Stop, _Stop]], label: Callable[[str], str]
) -> tuple[list[float], list[float]]:
    """Where each column begins, and how wide it is; the more lines run between two, the more room they get."""
    widths = [max([0.0, *(len(label(stop.table)) * _LETTER + 22 for stop in stops if not stop.is_lane)]) for stops in order]
    lefts = [float(_MARGIN)]
    for column, width in enumerate(widths[:-1]):
        between = sum(source.column == column for source, _ in links)
        lefts.append(lefts[-1] + width + _BETWEEN + between)
    return lefts, widths


def _short(table: str) -> str:
    return table.partition(".")[2]


def _bands(order: Sequence[Sequence[_Stop]], lefts: Sequence[float], widths: Sequence[float], height: float) -> list[str]:
    """A ground for each layer, with its name."""
    parts = []
    for layer in LAYERS:
        columns = [number for number, stops in enumerate(order) if any(s.table.startswith(f"{layer}.") and not s.is_lane for s in stops)]
        if columns:
            left = lefts[columns[0]] - _MARGIN
            right = lefts[columns[-1] + 1] - _MARGIN if columns[-1] + 1 < len(order) else lefts[-1] + widths[-1] + _MARGIN
            parts.append(f'<rect x="{left:.0f}" y="0" width="{right - left:.0f}" height="{height:.0f}" fill="{_BACKGROUND[layer]}"/>')
            parts.append(
                f'<text x="{left + _MARGIN:.0f}" y="30" font-size="20" font-weight="bold" fill="{_INK[layer]}">{layer}</text>'
            )  # fmt: skip
    return parts


def _legend(owners: Mapping[str, str | None], width: float) -> list[str]:
    """The colours of the owners."""
    parts, x = [], width - _MARGIN
    for owner in sorted({owner for owner in owners.values() if owner}, reverse=True):
        x -= len(owner) * _LETTER + 28
        parts.append(f'<rect x="{x:.0f}" y="18" width="6" height="14" fill="{_colour(owner)}"/>')
        parts.append(f'<text x="{x + 11:.0f}" y="29">{escape(owner)}</text>')
    return parts


def _colour(owner: str) -> str:
    return _OWNERS.get(owner, "#444444")


def _lines(
    columns: Mapping[str, int],
    inputs: Mapping[str, Sequence[str]],
    middle: Mapping[_Stop, float],
    lefts: Sequence[float],
    widths: Sequence[float],
) -> list[str]:
    """The lines, of one colour for all that leave one table; colours change from one table to the next below it."""
    edges = [(source, target) for target, sources in inputs.items() for source in sources]
    sources = sorted({source for source, _ in edges}, key=lambda name: (columns[name], middle[_Stop(name, columns[name], False)]))
    colours = {source: _LINES[number % len(_LINES)] for number, source in enumerate(sources)}
    parts = []
    for source, target in edges:
        path = _path(_stops(source, target, columns), middle, lefts, widths)
        parts.append(
            f'<path class="line" data-from="{escape(source)}" data-to="{escape(target)}" d="{path}" '
            f'fill="none" stroke="{colours[source]}" stroke-width="1.3" stroke-opacity="0.6"/>'
        )
    return parts


def _path(stops: Sequence[_Stop], middle: Mapping[_Stop, float], lefts: Sequence[float], widths: Sequence[float]) -> str:
    """From the right of the first stop to the left of the last: level through the columns, bent between them."""
    right = lefts[stops[0].column] + widths[stops[0].column]
    path = f"M{right:.0f} {middle[stops[0]]:.1f}"
    for one, following in pairwise(stops):
        right, left = lefts[one.column] + widths[one.column], lefts[following.column]
        half, a, b = (left - right) / 2, middle[one], middle[following]
        level = f"H{right:.0f}" if one.is_lane else ""
        path += f"{level}C{right + half:.0f} {a:.1f} {left - half:.0f} {b:.1f} {left:.0f} {b:.1f}"
    return path


def _box(table: str, label: str, left: float, middle: float, width: float, owner: str | None, is_here: bool) -> str:
    ink = _INK.get(table.partition(".")[0], "#444444")
    top = middle - _HEIGHT / 2
    stripe = f'<rect x="{left:.0f}" y="{top:.1f}" width="6" height="{_HEIGHT}" fill="{_colour(owner)}"/>' if owner else ""
    return (
        f'<g class="table" data-table="{escape(table)}"><title>{escape(table)}</title>'
        f'<rect x="{left:.0f}" y="{top:.1f}" width="{width:.0f}" height="{_HEIGHT}" rx="3" fill="#ffffff" '
        f'stroke="{ink}" stroke-width="{2.5 if is_here else 1}"/>'
        f'{stripe}<text x="{left + 12:.0f}" y="{middle + 4:.1f}" fill="#1c1c1c">{escape(label)}</text></g>'
    )
