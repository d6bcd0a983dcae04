import numpy as np
import pytest

from gen_data.behaviour.people import People, fill_name_pool
from gen_data.behaviour.places import VIETNAM_PROVINCES
from gen_data.randomness import Dice

pytestmark = pytest.mark.unit

IDS = np.arange(1, 3_001)


def test_people_of_vietnam_live_in_its_63_provinces_mostly_in_the_large_ones():
    people = People(Dice(1), fill_name_pool(1, "vi_VN"))
    found = people.provinces(IDS).to_pylist()
    assert len(VIETNAM_PROVINCES) == 63
    assert set(found) <= set(VIETNAM_PROVINCES)
    assert found.count("Hồ Chí Minh") > 5 * found.count("Bắc Kạn")
    assert len(set(people.full_names(IDS).to_pylist())) > 500


@pytest.mark.parametrize("locale", ["vi_VN", "de_DE", "ja_JP"])
def test_mail_addresses_are_unique_plain_and_at_reserved_hosts_in_every_locale(locale):
    emails = People(Dice(1), fill_name_pool(1, locale)).emails(IDS).to_pylist()
    assert len(set(emails)) == len(IDS)
    assert all(email.isascii() and email.partition("@")[2].startswith("example.") for email in emails)


def test_the_same_seed_fills_the_same_pool_and_another_another():
    assert fill_name_pool(1, "vi_VN") == fill_name_pool(1, "vi_VN") != fill_name_pool(2, "vi_VN")
