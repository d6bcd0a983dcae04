from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen_data.behaviour.aftersales import choose_returns
from gen_data.behaviour.support import after_work, answer, enquiries, loss_enquiries, questions
from gen_data.clock import DAY, HOUR, to_datetime, to_instant
from gen_data.randomness import Dice
from gen_data.schema.aftersales import TICKET_TOPICS
from tests.gen_data.deliveries import VND, deliveries

pytestmark = pytest.mark.unit

DICE = Dice(6)
COUNT = 100_000
DELIVERED, LINES = deliveries(DICE, COUNT)
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
RETURNS, _ = choose_returns(DICE, VND, DELIVERED, LINES, np.ones(COUNT))
NOBODY = np.zeros(COUNT, dtype=np.bool_)


@pytest.mark.parametrize(
    ("zone", "at", "hours", "done"),
    [
        ("Asia/Ho_Chi_Minh", "2026-03-02 10:00+07:00", 2, "2026-03-02 12:00+07:00"),
        ("Asia/Ho_Chi_Minh", "2026-03-02 19:00+07:00", 2, "2026-03-03 09:00+07:00"),
        ("Asia/Ho_Chi_Minh", "2026-03-02 03:00+07:00", 1, "2026-03-02 09:00+07:00"),
        ("Asia/Ho_Chi_Minh", "2026-03-02 23:30+07:00", 25, "2026-03-05 09:00+07:00"),
        ("Europe/Berlin", "2026-03-28 19:00+01:00", 2, "2026-03-29 09:00+02:00"),
        ("Europe/Berlin", "2026-10-24 19:00+02:00", 14, "2026-10-26 09:00+01:00"),
    ],
)
def test_work_is_done_in_office_hours_of_the_shop(zone, at, hours, done):
    begin = np.array([to_instant(datetime.fromisoformat(at))])
    assert to_datetime(after_work(ZoneInfo(zone), begin, np.array([hours * HOUR]))[0]) == datetime.fromisoformat(done)


@given(
    st.integers(0, 4_000 * 86_400).map(lambda second: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=second)),
    st.timedeltas(timedelta(minutes=1), timedelta(hours=60)),
    st.sampled_from(["Asia/Ho_Chi_Minh", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
)
def test_work_ends_later_in_office_hours_and_not_later_than_so_many_days(at, work, zone_name):
    zone = ZoneInfo(zone_name)
    done = to_datetime(after_work(zone, np.array([to_instant(at)]), np.array([work // timedelta(microseconds=1)]))[0])
    local = done.astimezone(zone)
    assert work <= done - at <= work * 2 + timedelta(hours=14)
    assert 8 <= local.hour + local.minute / 60 <= 20


def test_who_waits_longer_asks_more_often_and_asks_before_the_parcel_comes():
    tickets = enquiries(DICE, DELIVERED.order_id, DELIVERED.promised_at, DELIVERED.delivered_at)
    delay = DELIVERED.delivered_at - DELIVERED.promised_at
    asked = np.isin(np.arange(COUNT), tickets.order)
    assert not asked[delay < 3 * HOUR].any()
    assert asked[(delay > 3 * HOUR) & (delay < DAY)].mean() == pytest.approx(0.15, abs=0.03)
    assert asked[delay > 5 * DAY].mean() == pytest.approx(0.6, abs=0.06)
    assert (tickets.opened_at > DELIVERED.promised_at[tickets.order]).all()
    assert (tickets.opened_at < DELIVERED.delivered_at[tickets.order]).all()


def test_questions_after_the_delivery_come_from_those_who_have_a_reason_and_have_not_asked_before():
    tickets = questions(DICE, DELIVERED, RETURNS, NOBODY)
    topics = np.bincount(tickets.topic, minlength=len(TICKET_TOPICS)) / COUNT
    assert topics == pytest.approx([0.0, 0.009, 0.005, 0.017], abs=0.002)
    about_returns = tickets.order[tickets.topic == TICKET_TOPICS.index("return")]
    assert np.isin(about_returns, RETURNS.order).all()
    assert (tickets.opened_at > DELIVERED.delivered_at[tickets.order]).all()
    asked = NOBODY.copy()
    asked[tickets.order[::2]] = True
    assert set(questions(DICE, DELIVERED, RETURNS, asked).order.tolist()) == set(tickets.order[1::2].tolist())


def test_a_question_about_a_return_comes_while_it_is_under_way_or_after_it_was_refused():
    tickets = questions(DICE, DELIVERED, RETURNS, NOBODY)
    about_returns = tickets.topic == TICKET_TOPICS.index("return")
    place = np.searchsorted(RETURNS.order, tickets.order[about_returns])
    at, refused = tickets.opened_at[about_returns], RETURNS.is_refused[place]
    assert refused.sum() > 20
    assert (at > RETURNS.requested_at[place]).all()
    assert np.array_equal(at > RETURNS.received_at[place], refused)


def test_half_of_the_customers_of_lost_parcels_ask_within_two_days():
    lost_at = DELIVERED.delivered_at
    tickets = loss_enquiries(DICE, DELIVERED.order_id, lost_at)
    assert len(tickets.order) / COUNT == pytest.approx(0.5, abs=0.01)
    waited = tickets.opened_at - lost_at[tickets.order]
    assert 0 < waited.min() < waited.max() <= 2 * DAY


def test_tickets_are_answered_in_hours_and_whoever_waits_longer_is_less_content():
    opened_at = DELIVERED.delivered_at
    answers = answer(DICE, HANOI, DELIVERED.order_id, opened_at)
    assert (answers.first_response_at > opened_at).all()
    assert (answers.resolved_at > answers.first_response_at).all()
    assert 1 < np.median(answers.first_response_at - opened_at) / HOUR < 6
    said = answers.satisfaction > 0
    assert said.mean() == pytest.approx(0.4, abs=0.01)
    assert set(answers.satisfaction.tolist()) == {0, 1, 2, 3, 4, 5}
    slow = answers.first_response_at - opened_at > DAY
    assert answers.satisfaction[said & slow].mean() < answers.satisfaction[said & ~slow].mean() - 0.2
