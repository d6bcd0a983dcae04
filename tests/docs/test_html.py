import re
from html import unescape
from pathlib import Path

import pytest

from shoplake.docs.html import write
from shoplake.docs.pages import pages
from spark_jobs.tables import discover

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write(pages(discover()), folder / "new", "From the code alone.")
    return folder / "new"


def test_every_link_leads_to_a_file_of_the_site_and_to_a_place_in_it(site: Path) -> None:
    texts = {path.name: path.read_text() for path in site.glob("*.html")}
    places = {name: set(re.findall(r'id="([^"]+)"', text)) for name, text in texts.items()}
    for name, text in texts.items():
        for link in map(unescape, re.findall(r'(?:href|src)="([^"]+)"', text)):
            target, _, place = link.partition("#")
            assert (site / target).is_file(), f"{name} links {link}"
            assert not place or place in places[target], f"{name} links {link}"


def test_nothing_is_fetched_from_anywhere(site: Path) -> None:
    for path in site.iterdir():
        addresses = set(re.findall(r"https?://[^\s\"'<)]+", path.read_text()))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path.name
        assert "@import" not in path.read_text()


def test_every_table_has_a_page_that_says_that_no_lake_was_read(site: Path) -> None:
    for name in discover().by_name:
        text = (site / f"{name}.html").read_text()
        assert "From the code alone." in text
        assert "Sample rows" not in text
