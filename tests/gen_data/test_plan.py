import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen_data.clock import TICKS_PER_DAY, ShopClock
from gen_data.plan import EXAMPLE, parse, read_plan
from gen_data.scenarios import FLASH_SALE, NORMAL_DAY, STOCKOUT, find
from gen_data.schedule import Switch
from shoplake.core.errors import SettingsError

pytestmark = pytest.mark.unit

HANOI = ShopClock(datetime(2025, 12, 31, 17, tzinfo=UTC), ZoneInfo("Asia/Ho_Chi_Minh"))
NOW = Switch(10 * TICKS_PER_DAY, NORMAL_DAY, 1.0, 2_000)


def switches(text, current=NOW):
    return parse(text, "plan.toml").switches(HANOI, current)


def test_the_example_of_the_documents_is_a_plan_that_says_what_its_comments_say():
    path = Path(__file__).parents[2] / "docs" / "examples" / "plan.toml"
    assert path.read_text(encoding="utf-8") == EXAMPLE
    weak = find("dirty_data+fraud_attack")
    assert read_plan(path).switches(HANOI, NOW) == [
        Switch(12 * TICKS_PER_DAY, FLASH_SALE, 1.0, 3_000),
        Switch(13 * TICKS_PER_DAY, weak, 0.5, 2_000),
        Switch(13 * TICKS_PER_DAY + 720, NORMAL_DAY, 1.0, 2_000),
        Switch(19 * TICKS_PER_DAY + 480, STOCKOUT, 1.0, 2_000),
    ]


def test_a_period_without_an_end_lasts_until_the_next_whatever_their_order_in_the_file():
    found = switches('[[period]]\nfrom_day = 1\nscenario = "stockout"\n[[period]]\nscenario = "flash_sale"\nfrom_day = 0.5\n')
    assert [(switch.from_tick - NOW.from_tick, switch.scenario.name) for switch in found] == [(720, "flash_sale"), (1440, "stockout")]


def test_between_periods_the_shop_is_as_it_was_when_the_run_began():
    current = Switch(5, STOCKOUT, 2.0, 77)
    first, back = switches('[[period]]\nfrom_day = 0\nfor = "1h"\nscenario = "normal_day"\norders_per_day = 9\n', current)
    assert first == Switch(5, NORMAL_DAY, 1.0, 9)
    assert back == current._replace(from_tick=65)


@pytest.mark.parametrize(
    ("moment", "ticks"),
    [
        ("2026-01-11", 10 * 1440),
        ("2026-01-11T08:30:00", 10 * 1440 + 510),
        ("2026-01-11 08:30:00", 10 * 1440 + 510),
        ("2026-01-11T01:30:00Z", 10 * 1440 + 510),
    ],
)
def test_a_period_may_begin_at_a_moment_of_the_shops_time(moment, ticks):
    (switch,) = switches(f'[[period]]\nfrom = {moment}\nscenario = "flash_sale"\n')
    assert switch.from_tick == ticks


PERIOD = "[[period]]\nfrom_day = 1\n"


@pytest.mark.parametrize(
    ("text", "line", "column", "sentence"),
    [
        ('[[period]]\nscenario = "flash_sale\n', 2, 23, "this is not TOML: illegal character"),
        ("[[period]]\nfrom_day 1\n", 2, 10, "this is not TOML: expected '=' after a key"),
        ("[[period]]\nfrom_day = ", 2, 12, "this is not TOML: invalid value"),
        ("[[period]]\nfrom_day = 1\nfrom_day = 2\n", 3, 13, "this is not TOML: cannot overwrite a value"),
        ("", 1, 1, "a plan is made of periods, each under a line [[period]] of its own."),
        ('period = [{from_day = 1, scenario = "stockout"}]\n', 1, 1, "a plan is made of periods"),
        ("\n  [period]\n", 2, 3, "a plan is made of periods"),
        (
            '# a plan\nseed = 3\n[[period]]\nscenario = "stockout"',
            2,
            1,
            "there is no 'seed' here. Write each period under a line [[period]].",
        ),
        ("[[periods]]\nfrom_day = 1\n", 1, 1, "there is no 'periods' here."),
        (f'{PERIOD}  scenaro = "stockout"\n', 3, 3, "there is no 'scenaro' in a period. Did you mean scenario."),
        (f'{PERIOD}scenario = "stockout"\n"color" = 3\n', 4, 1, "there is no 'color' in a period. A period has scenario, from_day, from,"),
        (f'{PERIOD}scenario = "stockout"\nfor.ever = 3\n', 4, 12, "{'ever': 3} cannot stand here."),
        (f"{PERIOD}\n", 1, 1, "a period has a scenario, and begins either from_day or from a moment."),
        ('[[period]]\nscenario = "stockout"\n', 1, 1, "a period has a scenario, and begins either"),
        (f'{PERIOD}from = 2026-02-01\nscenario = "stockout"\n', 1, 1, "a period has a scenario, and begins either"),
        (f'{PERIOD}scenario = "stokout"\n', 3, 12, "there is no 'stokout'. Did you mean stockout? Choose one of: "),
        (f'{PERIOD}scenario = "stockout"\n\n{PERIOD}scenario=7\n', 7, 10, "7 cannot stand here. Give a name in quotes"),
        (f'{PERIOD}scenario = "stockout"\nintensity = 11\n', 4, 13, "an intensity of 11 is not possible. Give 0.1 to 10;"),
        (f'{PERIOD}scenario = "stockout"\nintensity = nan\n', 4, 13, "an intensity of nan is not possible."),
        (f'{PERIOD}scenario = "stockout"\nintensity = "2"\n', 4, 13, "'2' cannot stand here. Give a number, such as 1.5."),
        (f'{PERIOD}scenario = "stockout"\nintensity = true\n', 4, 13, "True cannot stand here."),
        (f'{PERIOD}scenario = "stockout"\norders_per_day = 0\n', 4, 18, "0 orders per day are not possible. Give 1 to 5,000,000."),
        (f'{PERIOD}scenario = "stockout"\norders_per_day = 1.5\n', 4, 18, "1.5 cannot stand here. Give a whole number, such as 3000."),
        (f'{PERIOD}scenario = "stockout"\nfor = "two hours"\n', 4, 7, "'two hours' is not a length of shop time."),
        (f'{PERIOD}scenario = "stockout"\nfor = 3\n', 4, 7, '3 cannot stand here. Give a length in quotes, such as "2h".'),
        ('[[period]]\nfrom_day = -1\nscenario = "stockout"\n', 2, 12, "-1 days after the start are not possible. Give 0 to 36,500."),
        ('[[period]]\nfrom_day = inf\nscenario = "stockout"\n', 2, 12, "inf days after the start are not possible."),
        ('[[period]]\nfrom_day = "2"\nscenario = "stockout"\n', 2, 12, "'2' cannot stand here. Give a number of days"),
        (
            '[[period]]\nfrom = "2026-02-01"\nscenario = "stockout"\n',
            2,
            8,
            "this is not a minute of a shop's life. Give one without quotes",
        ),
        ('[[period]]\nfrom = 2026-02-01T00:00:30\nscenario = "stockout"\n', 2, 8, "this is not a minute of a shop's life."),
        ('[[period]]\nfrom = 9999-12-31\nscenario = "stockout"\n', 2, 8, "this is not a minute of a shop's life."),
        ('[[period]]\nfrom = 2026-02-30\nscenario = "stockout"\n', 2, 8, "this is not TOML: "),
    ],
)
def test_what_is_wrong_in_a_plan_is_said_with_its_line_and_column(text, line, column, sentence):
    with pytest.raises(SettingsError) as refused:
        parse(text, "plan.toml")
    said = str(refused.value)
    assert said.startswith(f"schedule: plan.toml line {line}, column {column}: {sentence}")
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (f'{PERIOD}scenario = "stockout"\nfor = "2d"\n[[period]]\nfrom_day = 2\nscenario = "flash_sale"\n', 5, "the one of line 1 overlap"),
        (f'[[period]]\nfrom_day = 2\nscenario = "flash_sale"\n{PERIOD}scenario = "stockout"\nfor = "2d"\n', 4, "the one of line 1 overlap"),
        (f'{PERIOD}scenario = "stockout"\n{PERIOD}scenario = "flash_sale"\n', 4, "the one of line 1 overlap"),
        (
            f'{PERIOD}scenario = "stockout"\nfor = "2d"\n[[period]]\nfrom = 2026-01-12T12:00:00\nscenario = "flash_sale"\n',
            5,
            "the one of line 1 overlap",
        ),
        (
            '[[period]]\nfrom = 2026-01-10T23:59:00\nscenario = "flash_sale"\n',
            1,
            "this period begins before the shop's clock, which stands at 2026-01-11 00:00. Let it begin later; ",
        ),
    ],
)
def test_periods_that_overlap_or_begin_in_the_past_are_refused_with_their_line(text, line, sentence):
    with pytest.raises(SettingsError) as refused:
        switches(text)
    assert str(refused.value).startswith(f"schedule: plan.toml line {line}, column 1: this period ")
    assert sentence in str(refused.value)


@settings(deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="[]period=\n\"{}. #'fromday_123-:Tsc", max_size=80).map(lambda tail: f"[[period]]\n{tail}"))
def test_any_text_is_a_plan_or_one_sentence(text):
    try:
        periods, said = parse(text, "plan.toml").periods, ""
    except SettingsError as refused:
        periods, said = (), str(refused)
    assert periods or re.fullmatch(r"schedule: plan\.toml line \d+, column \d+: .*\.", said)


@pytest.mark.parametrize("text", ["[" * 100_000, "a = " + "9" * 5_000, "a = " + "[" * 100_000])
def test_what_no_reader_can_take_is_one_sentence(text):
    with pytest.raises(SettingsError, match=r"^schedule: plan\.toml "):
        parse(text, "plan.toml")


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(SettingsError, match=r"plan\.toml cannot be read \(No such file or directory\)\. Give a file such as"):
        read_plan(tmp_path / "plan.toml")
    with pytest.raises(SettingsError, match=r"cannot be read \(Is a directory\)"):
        read_plan(tmp_path)
    (tmp_path / "latin.toml").write_bytes("# Tết\n# caf".encode() + b"\xe9\n")
    with pytest.raises(SettingsError, match=r"latin\.toml line 2, column 6: this is not UTF-8 text\. Save the file as UTF-8\."):
        read_plan(tmp_path / "latin.toml")
