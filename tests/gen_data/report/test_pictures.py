from datetime import UTC, date, datetime

import numpy as np
import pytest
from matplotlib.image import imread

from gen_data.report.findings import find
from gen_data.report.observed import Observed, Part, Visits
from gen_data.report.pictures import draw
from shoplake.core.errors import StorageError

pytestmark = pytest.mark.unit

SUBJECTS = {"overview", "hours", "visits", "carts", "baskets", "popularity", "repeat_purchases", "returns"}
OLD = Observed(
    now=datetime(2027, 1, 1, tzinfo=UTC),
    visits=Visits(count=200, bounced=90, searched=14, looked=110, filled_cart=20, bought=6),
    carts_by_month=[Part(date(2026, 1, 1), 6, 10), Part(date(2026, 2, 1), 29, 40)],
    returns_by_channel=[Part("Tiki", 1, 8), Part("Own website", 0, 3)],
    orders_by_hour=np.arange(24),
    orders_by_pieces=np.array([0, 5, 3, 1]),
    pieces_by_product=np.array([9, 4, 3]),
    ordered_again=np.array([0, 3, 1, 0]),
    not_yet=np.array([1, 0, 0, 4]),
)
NOTHING = np.zeros(0, dtype=np.int64)
NEW = Observed(OLD.now, Visits(0, 0, 0, 0, 0, 0), [], [], np.zeros(24, dtype=np.int64), NOTHING, NOTHING, NOTHING, NOTHING)


def test_every_subject_has_its_picture(tmp_path):
    pictures = draw(OLD, find(OLD), tmp_path / "new" / "folder")
    assert {picture.stem for picture in pictures} == SUBJECTS
    for picture in pictures:
        pixels = imread(picture)
        assert pixels.shape[:2] == (540, 960)
        # Something other than the white ground is on it.
        assert (pixels[..., :3] < 0.9).any()


def test_a_shop_without_rows_has_no_pictures(tmp_path):
    assert draw(NEW, find(NEW), tmp_path) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    taken = tmp_path / "file"
    taken.write_text("")
    with pytest.raises(StorageError, match=f"shop report: {taken} cannot be written .* --out"):
        draw(OLD, find(OLD), taken)
