import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from shoplake.docs.blocks import Lineage, Neighbours
from shoplake.docs.lineage import lineage_svg, neighbours_mermaid, neighbours_svg
from shoplake.docs.pages import lineage
from spark_jobs.tables import discover

pytestmark = pytest.mark.unit

SVG = "{http://www.w3.org/2000/svg}"


def _boxes(svg: str) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right and bottom of each table's box."""
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):  # noqa: S314
        box = group.find(f"{SVG}rect")
        assert box is not None
        left, top, width, height = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        found[group.attrib["data-table"]] = (left, top, left + width, top + height)
    return found


def _lines(svg: str) -> set[tuple[str, str]]:
    return {(path.attrib["data-from"], path.attrib["data-to"]) for path in ElementTree.fromstring(svg).iter(f"{SVG}path")}  # noqa: S314


def test_every_table_and_every_input_is_drawn_from_left_to_right_and_nothing_over_another() -> None:
    tables = discover()
    svg = lineage_svg(lineage(tables))
    boxes = _boxes(svg)
    assert boxes.keys() == {*tables.by_name, *tables.bronze}
    assert _lines(svg) == {(source, name) for name, table in tables.by_name.items() for source in table.inputs}
    assert all(boxes[source][2] < boxes[target][0] for source, target in _lines(svg))
    for (a, one), (b, other) in combinations(boxes.items(), 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1], f"{a} lies over {b}"
    for layer, following in (("bronze", "silver"), ("silver", "gold")):
        ends = max(box[2] for name, box in boxes.items() if name.startswith(layer))
        assert all(ends < box[0] for name, box in boxes.items() if name.startswith(following))


def test_a_line_begins_and_ends_at_its_tables_and_passes_none_between() -> None:
    svg = lineage_svg(Lineage({"silver.a": ["bronze.a"], "silver.b": ["silver.a"], "gold.c": ["silver.a", "silver.b"]}, {}))
    boxes = _boxes(svg)
    for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):  # noqa: S314
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.attrib["d"])]
        source, target = boxes[path.attrib["data-from"]], boxes[path.attrib["data-to"]]
        assert numbers[0] == pytest.approx(source[2], abs=1)
        assert numbers[1] == pytest.approx((source[1] + source[3]) / 2, abs=0.2)
        assert numbers[-2] == pytest.approx(target[0], abs=1)
        assert numbers[-1] == pytest.approx((target[1] + target[3]) / 2, abs=0.2)
        if path.attrib["data-to"] == "gold.c" and path.attrib["data-from"] == "silver.a":
            level = float(re.findall(r" ([\d.]+)H", path.attrib["d"])[0])
            assert not boxes["silver.b"][1] <= level <= boxes["silver.b"][3]


def test_the_picture_is_the_same_each_time() -> None:
    assert lineage_svg(lineage(discover())) == lineage_svg(lineage(discover()))


def test_a_table_stands_between_what_it_is_made_from_and_what_is_made_of_it() -> None:
    around = Neighbours("gold.b", ["silver.a", "silver.b"], ["gold.c"])
    svg = neighbours_svg(around, {"gold.c": "gold.c.html"})
    boxes = _boxes(svg)
    assert boxes["silver.a"][2] < boxes["gold.b"][0] < boxes["gold.b"][2] < boxes["gold.c"][0]
    assert 'href="gold.c.html"' in svg
    assert _lines(svg) == {("silver.a", "gold.b"), ("silver.b", "gold.b"), ("gold.b", "gold.c")}
    mermaid = neighbours_mermaid(around)
    assert [line.strip() for line in mermaid.splitlines() if "-->" in line] == [
        "silver_a --> gold_b",
        "silver_b --> gold_b",
        "gold_b --> gold_c",
    ]


def test_a_table_that_nothing_is_made_of_is_drawn_too() -> None:
    assert _boxes(neighbours_svg(Neighbours("gold.b", ["silver.a"], []))).keys() == {"silver.a", "gold.b"}
