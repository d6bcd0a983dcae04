from pathlib import Path

import pytest

from shoplake.core.progress import silent
from shoplake.core.settings import Settings, load_settings
from shoplake.stack.local import jupyter

pytestmark = pytest.mark.unit


@pytest.fixture
def originals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "originals"
    folder.mkdir()
    (folder / "look.ipynb").write_text("first version")
    monkeypatch.setattr(jupyter, "NOTEBOOKS", folder)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home")


def test_a_new_version_of_a_notebook_replaces_a_copy_that_nobody_changed(originals: Path, settings: Settings) -> None:
    jupyter.prepare(settings, silent)
    (originals / "look.ipynb").write_text("second version")
    (originals / "other.ipynb").write_text("new")
    jupyter.prepare(settings, silent)
    assert {path.name: path.read_text() for path in jupyter.folder(settings).glob("*.ipynb")} == {
        "look.ipynb": "second version",
        "other.ipynb": "new",
    }


def test_what_the_user_changed_is_never_overwritten_and_the_original_never_changes(originals: Path, settings: Settings) -> None:
    jupyter.prepare(settings, silent)
    copy = jupyter.folder(settings) / "look.ipynb"
    copy.write_text("mine")
    for version in ("second version", "third version"):
        (originals / "look.ipynb").write_text(version)
        jupyter.prepare(settings, silent)
        assert copy.read_text() == "mine"
    assert (originals / "look.ipynb").read_text() == "third version"


def test_a_copy_whose_making_was_cut_short_is_not_taken_for_the_user_s(originals: Path, settings: Settings) -> None:
    jupyter.prepare(settings, silent)
    (jupyter.folder(settings) / ".copied.json").unlink()
    jupyter.prepare(settings, silent)
    (originals / "look.ipynb").write_text("second version")
    jupyter.prepare(settings, silent)
    assert (jupyter.folder(settings) / "look.ipynb").read_text() == "second version"
