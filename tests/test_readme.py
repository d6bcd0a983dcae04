import re
import subprocess

import pytest

from shoplake.core.settings import PROJECT_FOLDER

pytestmark = pytest.mark.unit

PAGES = ("README.md", "docs/adr/README.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(page: str) -> None:
    path = PROJECT_FOLDER / page
    links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())
    assert links
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(page: str) -> None:
    targets = set(re.findall(r"(?:`|^)make ([a-z-]+)", (PROJECT_FOLDER / page).read_text(), re.MULTILINE))
    assert targets
    listed = subprocess.run(["make", "help"], cwd=PROJECT_FOLDER, capture_output=True, text=True, check=True).stdout
    assert targets <= set(re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE))
