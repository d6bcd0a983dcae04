"""Names, contacts and addresses: put together from a pool of parts that faker filled once for the shop's seed and locale."""

import re
import unicodedata

from gen_data.behaviour.places import VIETNAM_PROVINCES
from gen_data.randomness import Dice, IntArray
from gen_data.texts import Texts, dates, join, numerals, only_where, pick, texts

_POOL_SIZE = 500
_MAIL_HOSTS = ("example.com", "example.net", "example.org")
_PHONE_PREFIXES = ("03", "05", "07", "08", "09")
_VIETNAM = "vi_VN"

NamePool = dict[str, list[str]]


def fill_name_pool(seed: int, locale: str) -> NamePool:
    """Parts of names and places in a locale, the same for the same seed; common ones are in it more often."""
    from faker import Faker

    fake = Faker(locale)
    fake.seed_instance(seed)
    many = range(_POOL_SIZE)
    pool = {
        "family": [fake.last_name() for _ in many],
        "given": [fake.first_name_female() if position % 2 else fake.first_name_male() for position in many],
        "street": [fake.street_name() for _ in many],
    }
    if locale == _VIETNAM:
        pool["middle"] = [fake.middle_name() for _ in many]
        pool["district"] = [fake.commune_name() for _ in many]
        pool["province"] = list(VIETNAM_PROVINCES)
    else:
        pool["district"] = [fake.city() for _ in many]
        province = getattr(fake, "administrative_unit", fake.city)
        pool["province"] = [province() for _ in many]
    return pool


class People:
    """Everything about a person or an address that follows from its id alone."""

    def __init__(self, dice: Dice, pool: NamePool) -> None:
        self._dice = dice
        self._parts = {part: texts(values) for part, values in pool.items()}
        self.province_pool = tuple(pool["province"])
        self._mail_parts = {part: texts([_mail_part(value) for value in pool[part]]) for part in ("given", "family")}
        is_vietnam = pool["province"] == list(VIETNAM_PROVINCES)
        self.province_weights = list(VIETNAM_PROVINCES.values()) if is_vietnam else [1] * len(pool["province"])

    def full_names(self, customer_ids: IntArray) -> Texts:
        """Names in the order of the locale: family name first in Vietnam."""
        family, given = self._pick("family", customer_ids), self._pick("given", customer_ids)
        if "middle" in self._parts:
            return join(" ", family, self._pick("middle", customer_ids), given)
        return join(" ", given, family)

    def emails(self, customer_ids: IntArray) -> Texts:
        """Addresses at hosts that are reserved for examples; unique through the id."""
        given, family = (pick(self._mail_parts[part], self._positions(part, customer_ids)) for part in ("given", "family"))
        hosts = pick(_MAIL_HOSTS, self._dice.integers("mail host", customer_ids, len(_MAIL_HOSTS)))
        return join("@", join("", given, family, numerals(customer_ids)), hosts)

    def phones(self, customer_ids: IntArray) -> Texts:
        """The telephone numbers that customers register with; some give none."""
        is_given = self._dice.uniform("phone is given", customer_ids) < 0.93
        return only_where(is_given, self.later_phones(customer_ids, 0))

    def later_phones(self, customer_ids: IntArray, change: IntArray | int) -> Texts:
        """The telephone numbers that customers change to; ``change`` tells a customer's numbers apart."""
        prefixes = pick(_PHONE_PREFIXES, self._dice.integers("phone prefix", customer_ids, len(_PHONE_PREFIXES), change))
        return join("", prefixes, numerals(self._dice.integers("phone", customer_ids, 100_000_000, change), width=8))

    def birth_dates(self, customer_ids: IntArray, opening_day: int) -> Texts:
        """Dates of birth of 18 to 65 year olds at the opening (days since 1970); a fifth never said."""
        age_days = 18 * 365 + self._dice.integers("age", customer_ids, 47 * 365)
        return only_where(self._dice.uniform("birth date is given", customer_ids) < 0.8, dates(opening_day - age_days))

    def streets(self, address_ids: IntArray) -> Texts:
        """House number and street."""
        return join(" ", numerals(1 + self._dice.integers("house number", address_ids, 480)), self._pick("street", address_ids))

    def districts(self, address_ids: IntArray) -> Texts:
        """District names."""
        return self._pick("district", address_ids)

    def provinces(self, address_ids: IntArray) -> Texts:
        """Provinces, each as often as its population suggests."""
        return self.province_names(self.province_positions(address_ids))

    def province_positions(self, address_ids: IntArray) -> IntArray:
        """The provinces of addresses, as positions in the pool."""
        return self._dice.choose("province", address_ids, self.province_weights)

    def province_names(self, positions: IntArray) -> Texts:
        """Provinces from their positions in the pool."""
        return pick(self._parts["province"], positions)

    def _positions(self, part: str, ids: IntArray) -> IntArray:
        return self._dice.integers(part, ids, len(self._parts[part]))

    def _pick(self, part: str, ids: IntArray) -> Texts:
        return pick(self._parts[part], self._positions(part, ids))


def _mail_part(value: str) -> str:
    plain = unicodedata.normalize("NFD", value.lower().replace("đ", "d")).encode("ascii", "ignore").decode()
    return re.sub("[^a-z]", "", plain)
