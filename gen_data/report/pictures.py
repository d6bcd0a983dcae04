"""Pictures of a shop next to what was published: one subject each, as PNG files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from gen_data.report import published
from gen_data.report.findings import Finding, percent_of
from gen_data.report.observed import Observed, repeat_shares, zipf_slope
from gen_data.report.published import Figure, Measure
from shoplake.core.errors import StorageError

_SHOP, _PUBLISHED, _INK = "#20639b", "#d1602f", "#333333"
_INCHES, _DOTS_PER_INCH = (8.0, 4.5), 120
_YEAR_DAYS = 365
_MOST_PIECES_SHOWN = 12


def draw(observed: Observed, findings: list[Finding], folder: Path) -> list[Path]:
    """Write a picture of each subject that the shop has rows for into a folder, which is made; returns their files.

    Raises StorageError when the folder cannot be written.
    """
    subjects: dict[str, tuple[bool, Callable[[Axes], None]]] = {
        "overview": (any(finding.value is not None for finding in findings), lambda axes: _overview(axes, findings)),
        "hours": (bool(observed.orders_by_hour.any()), lambda axes: _hours(axes, observed)),
        "visits": (observed.visits.count > 0, lambda axes: _visits(axes, observed)),
        "carts": (bool(observed.carts_by_month), lambda axes: _carts(axes, observed)),
        "baskets": (bool(observed.orders_by_pieces.any()), lambda axes: _baskets(axes, observed)),
        "popularity": (len(observed.pieces_by_product) > 1, lambda axes: _popularity(axes, observed)),
        "repeat_purchases": (len(observed.ordered_again) > 1, lambda axes: _repeat_purchases(axes, observed)),
        "returns": (bool(observed.returns_by_channel), lambda axes: _returns(axes, observed)),
    }
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, (has_rows, paint) in subjects.items():
            if has_rows:
                canvas = Canvas(figsize=_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
                axes = canvas.add_subplot()
                axes.spines[["top", "right"]].set_visible(False)
                paint(axes)
                canvas.savefig(folder / f"{name}.png")
                written.append(folder / f"{name}.png")
    except OSError as problem:
        raise StorageError(f"shop report: {folder} cannot be written ({problem.strerror}). Give another folder with --out.") from problem
    return written


def _overview(axes: Axes, findings: list[Finding]) -> None:
    """Every measure on the scale of its published bounds: 0 the lowest, 1 the highest."""
    shown = [finding for finding in findings if finding.value is not None][::-1]
    axes.axvspan(0, 1, color=_PUBLISHED, alpha=0.15, lw=0, zorder=0)
    for row, finding in enumerate(shown):
        low, high = finding.measure.low, finding.measure.high
        value = finding.value or 0.0
        # A measure with a single published value has no scale: a tenth of it stands for one.
        width = high - low or 0.1 * high
        place = float(np.clip((value - low) / width if high > low else 0.5 + (value - low) / width, -0.6, 1.6))
        axes.plot(place, row, "o", color=_SHOP, markersize=9, markerfacecolor="white" if finding.agrees is None else _SHOP)
        axes.annotate(f"{value:,.2f}".rstrip("0").rstrip("."), (place, row), (0, 7), textcoords="offset points", ha="center", fontsize=8)
        bounds = f"{low:g}" if high == low else f"{low:g} to {high:g}"
        axes.text(1.75, row, f"{bounds} {finding.measure.unit}", va="center", fontsize=8, color=_PUBLISHED)
    axes.set_yticks(range(len(shown)), [finding.measure.name for finding in shown], fontsize=8)
    axes.set_xticks([0, 1], ["lowest published", "highest published"], fontsize=8)
    axes.set_xlim(-0.75, 2.9)
    axes.set_ylim(-0.6, len(shown) - 0.2)
    _say(axes, "This shop (dots) beside what was published of real shops (band)")


def _hours(axes: Axes, observed: Observed) -> None:
    share = 100.0 * observed.orders_by_hour / observed.orders_by_hour.sum()
    axes.bar(np.arange(24), share, color=_SHOP, width=0.8)
    figures = [*published.BUSIEST_HOUR_OF_THE_MORNING.figures, *published.BUSIEST_HOUR.figures]
    for step, figure in enumerate(figures):
        height = share.max() * (1.06 + 0.1 * (step % 2))
        axes.axvspan(figure.low - 0.5, figure.high + 0.5, color=_PUBLISHED, alpha=0.15, lw=0, zorder=0)
        axes.plot([figure.low - 0.45, figure.high + 0.45], [height, height], color=_PUBLISHED, lw=3, solid_capstyle="butt")
        axes.annotate(
            f"{figure.source.partition(',')[0]}, {figure.year}",
            (figure.low - 0.45, height),
            (0, 4),
            textcoords="offset points",
            fontsize=8,
            color=_PUBLISHED,
        )
    axes.set_ylim(0, share.max() * 1.28)
    axes.set_xticks(range(0, 24, 2), [f"{hour}:00" for hour in range(0, 24, 2)])
    axes.set_ylabel("% of orders")
    _say(axes, "Orders by the shop's local hour, and the busiest hours that were published")


def _visits(axes: Axes, observed: Observed) -> None:
    visits = observed.visits
    steps = {
        "visits": (visits.count, None),
        "more than one page": (visits.count - visits.bounced, None),
        "saw a product": (visits.looked, None),
        "used the search": (visits.searched, published.SEARCHES),
        "put something into a cart": (visits.filled_cart, published.CARTS_FILLED),
        "ordered": (visits.bought, published.CONVERSION),
    }
    for row, (count, measure) in enumerate(reversed(steps.values())):
        share = 100.0 * count / visits.count
        axes.barh(row, share, color=_SHOP, height=0.6)
        label = f" {share:.1f} %"
        if measure is not None:
            label += f"   (published: {measure.low:g} to {measure.high:g} %)"
            axes.plot([measure.low, measure.high], [row - 0.4, row - 0.4], color=_PUBLISHED, lw=3)
        axes.text(share, row, label, va="center", fontsize=9, color=_INK)
    axes.set_yticks(range(len(steps)), list(reversed(steps)))
    axes.set_xlim(0, 112)
    axes.set_xlabel("% of visits")
    _say(axes, f"{visits.count:,} visits to the website, and what came of them")


def _carts(axes: Axes, observed: Observed) -> None:
    months = [f"{part.of:%b %Y}" for part in observed.carts_by_month]
    shares = [100.0 * part.some / part.whole for part in observed.carts_by_month]
    axes.plot(months, shares, "o-", color=_SHOP, label=f"this shop: {percent_of(observed.carts_by_month):.1f} % in all")
    _band(axes, published.CART_ABANDONMENT)
    _line(axes, published.CART_ABANDONMENT.figures[0])
    axes.set_ylim(50, 95)
    axes.tick_params(axis="x", rotation=45)
    axes.set_ylabel("% of carts")
    axes.legend(frameon=False)
    _say(axes, "Carts that were abandoned, by the month in which they were filled")


def _baskets(axes: Axes, observed: Observed) -> None:
    orders = observed.orders_by_pieces
    share = 100.0 * orders / orders.sum()
    pieces = np.arange(len(orders))
    mean = float((pieces * orders).sum() / orders.sum())
    shown = slice(1, _MOST_PIECES_SHOWN + 1)
    axes.bar(pieces[shown], share[shown], color=_SHOP, width=0.8)
    axes.axvline(mean, color=_INK, lw=1.5, ls="--", label=f"this shop: {mean:.2f} in the mean")
    measure = published.BASKET_SIZE
    axes.axvspan(
        measure.low,
        measure.high,
        color=_PUBLISHED,
        alpha=0.15,
        lw=0,
        zorder=0,
        label=f"published means: {measure.low:g} to {measure.high:g}",
    )
    axes.set_xticks(pieces[shown])
    axes.set_xlabel("pieces in an order")
    axes.set_ylabel("% of orders")
    axes.legend(frameon=False)
    _say(axes, "How many pieces an order has")


def _popularity(axes: Axes, observed: Observed) -> None:
    sold = observed.pieces_by_product
    rank = np.arange(1, len(sold) + 1)
    axes.loglog(rank, sold, ".", color=_SHOP, label=f"this shop: slope {zipf_slope(sold):.2f}")
    figure = published.ZIPF_SLOPE.figures[0]
    middle = np.exp(np.log(sold).mean() + figure.low * np.log(rank).mean())
    axes.loglog(rank, middle * rank**-figure.low, color=_PUBLISHED, lw=1.5, label=f"slope {figure.low:g}: {figure.says}, {figure.year}")
    axes.set_xlabel("rank of the product")
    axes.set_ylabel("pieces sold")
    axes.legend(frameon=False)
    _say(axes, "Popularity of products: pieces sold by rank, both axes logarithmic")


def _repeat_purchases(axes: Axes, observed: Observed) -> None:
    shares = 100.0 * repeat_shares(observed.ordered_again, observed.not_yet)[: _YEAR_DAYS + 1]
    axes.plot(np.arange(len(shares)), shares, color=_SHOP, lw=2, label=f"this shop: {shares[-1]:.0f} % after {len(shares) - 1} days")
    measure = published.REPEAT_PURCHASES
    axes.plot(
        [_YEAR_DAYS, _YEAR_DAYS],
        [measure.low, measure.high],
        color=_PUBLISHED,
        lw=6,
        alpha=0.4,
        label=f"published: {measure.low:g} to {measure.high:g} %",
    )
    axes.plot(
        _YEAR_DAYS,
        measure.figures[0].low,
        "D",
        color=_PUBLISHED,
        label=f"{measure.figures[0].source.partition(',')[0]}: {measure.figures[0].low:g} %",
    )
    axes.set_ylim(0, 100)
    axes.set_xlabel("days since the first order")
    axes.set_ylabel("% of new customers")
    axes.legend(frameon=False)
    _say(axes, "New customers who have ordered again (product-limit estimate)")


def _returns(axes: Axes, observed: Observed) -> None:
    parts = observed.returns_by_channel
    shares = [100.0 * part.some / part.whole for part in parts]
    axes.bar([str(part.of) for part in parts], shares, color=_SHOP, width=0.6)
    for place, share in enumerate(shares):
        axes.annotate(f"{share:.1f} %", (place, share), (0, 3), textcoords="offset points", ha="center", color=_INK)
    _band(axes, published.RETURNS)
    axes.set_ylim(0, max(*shares, published.RETURNS.high) * 1.1)
    axes.set_ylabel("% of delivered orders")
    axes.legend(frameon=False)
    _say(axes, f"Orders that were sent back, by channel: {percent_of(parts):.1f} % in all")


def _band(axes: Axes, measure: Measure) -> None:
    axes.axhspan(
        measure.low, measure.high, color=_PUBLISHED, alpha=0.15, lw=0, zorder=0, label=f"published: {measure.low:g} to {measure.high:g}"
    )


def _line(axes: Axes, figure: Figure) -> None:
    axes.axhline(figure.low, color=_PUBLISHED, lw=1.5, ls="--", label=f"{figure.low:g}: {figure.says} ({figure.source}, {figure.year})")


def _say(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, color=_INK)
