import pytest

from gen_data.durations import ticks_of
from shoplake.core.errors import SettingsError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("text", "ticks"), [("30m", 30), ("2h", 120), ("1d", 1440), ("1d12h", 2160), (" 1D1H1M ", 1501)])
def test_a_length_is_read_as_ticks(text, ticks):
    assert ticks_of(text) == ticks


@pytest.mark.parametrize("text", ["", "0m", "30", "30s", "-5m", "1.5h", "m", "12h1d", "99999d", "1d 2h", "٣m"])
def test_what_is_not_a_length_is_refused(text):
    with pytest.raises(SettingsError, match=r"is not a length of shop time\. Give one such as 30m, 2h or 1d12h\."):
        ticks_of(text)
