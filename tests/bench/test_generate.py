import pytest

from shoplake.bench.generate import Sizes, measure_generate

pytestmark = [pytest.mark.integration, pytest.mark.long]


def test_a_small_run_measures_every_way_to_write_next_to_its_limit(services):
    report = measure_generate(services, lambda sentence: None, Sizes(days=2, orders_per_day=100, live_ticks=1))
    first, unverified, twice, _, further, live = report.figures
    assert first.rows == sum(rows for _, rows, _ in report.tables)
    assert first.seconds > unverified.seconds
    assert first.limit_seconds == unverified.limit_seconds
    assert twice.rows > first.rows > 0
    assert all(figure.peak_bytes > 1 << 20 for figure in (first, twice))
    assert further.rows > 0
    assert live.rows > 0
    assert report.live_orders_per_second > 0
    names = [name for name, _ in report.slowest]
    assert any(name.startswith("primary key ") for name in names)
    assert any(name.startswith("invariant ") for name in names)
