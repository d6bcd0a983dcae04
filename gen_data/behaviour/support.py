"""Customer service: who writes in about what, and how long the people who answer in office hours take."""

from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from gen_data.behaviour.aftersales import Delivered, Returns, late_days, whole_seconds
from gen_data.clock import DAY, HOUR, utc_offsets
from gen_data.randomness import BoolArray, Dice, IntArray
from gen_data.schema.aftersales import TICKET_TOPICS

# Every day from eight to eight, local time.
_OPENS, _CLOSES = 8 * HOUR, 20 * HOUR
_WORKDAY = _CLOSES - _OPENS

# Working hours until the first answer and from there to the end: median, spread of the logarithm, least and most.
_RESPONSE_HOURS = (0.8, 1.0, 0.05, 24.0)
_RESOLUTION_HOURS = (3.0, 1.1, 0.2, 48.0)

_RETURN, _PAYMENT, _PRODUCT = (TICKET_TOPICS.index(topic) for topic in ("return", "payment", "product"))
WHERE_IS_MY_ORDER = TICKET_TOPICS.index("where_is_my_order")
# Of those whose parcel is late by more than a few hours this share asks, and more with each further day.
_PATIENCE = 3 * HOUR
_ENQUIRY_RATE, _FURTHER_ENQUIRY_RATE, _LARGEST_ENQUIRY_RATE = 0.15, 0.10, 0.60
_LOSS_ENQUIRY_RATE = 0.5
_RETURN_QUESTION_RATE, _REFUSAL_QUESTION_RATE = 0.20, 0.50
_PRODUCT_QUESTION_RATE = 0.017
_PAYMENT_QUESTION_RATE, _RETRIED_PAYMENT_QUESTION_RATE = 0.004, 0.03

# One in so many answers the question how it went; the stars fall like those of a review.
_SURVEY_SHARE = 0.4
_STAR_BOUNDS = np.array([-1.6, -1.2, -0.7, 0.1])


class Tickets(NamedTuple):
    """Tickets, at most one an order: ``order`` is a position in the orders asked about, ``topic`` one in TICKET_TOPICS."""

    order: IntArray
    topic: IntArray
    opened_at: IntArray


class Answers(NamedTuple):
    """How tickets go on; ``satisfaction`` is 0 where nobody said."""

    first_response_at: IntArray
    resolved_at: IntArray
    satisfaction: IntArray


def enquiries(dice: Dice, order_id: IntArray, promised_at: IntArray, delivered_at: IntArray) -> Tickets:
    """Who asks where a late parcel is: between the promise and the delivery, in the first three days of the delay."""
    days = late_days(delivered_at, promised_at)
    rate = np.minimum(_ENQUIRY_RATE + _FURTHER_ENQUIRY_RATE * (days - 1), _LARGEST_ENQUIRY_RATE)
    rate[delivered_at - promised_at < _PATIENCE] = 0.0
    order = np.flatnonzero(dice.uniform("enquiry", order_id) < rate)
    waited = np.minimum(delivered_at[order] - promised_at[order], 3 * DAY) * (0.1 + 0.8 * dice.uniform("enquiry moment", order_id[order]))
    return Tickets(order, np.full(len(order), WHERE_IS_MY_ORDER), promised_at[order] + whole_seconds(waited))


def loss_enquiries(dice: Dice, order_id: IntArray, lost_at: IntArray) -> Tickets:
    """Who asks after a parcel that the carrier has given up: within two days of hearing so."""
    order = np.flatnonzero(dice.uniform("loss enquiry", order_id) < _LOSS_ENQUIRY_RATE)
    wait = whole_seconds(HOUR + 47 * HOUR * dice.uniform("loss enquiry moment", order_id[order]))
    return Tickets(order, np.full(len(order), WHERE_IS_MY_ORDER), lost_at[order] + wait)


def questions(dice: Dice, delivered: Delivered, returns: Returns, has_asked: BoolArray) -> Tickets:
    """Who writes in after the delivery, of those who have not asked before: about a return, the product or the payment."""
    ids = delivered.order_id
    rate = np.zeros(len(ids))
    rate[returns.order] = np.where(returns.is_refused, _REFUSAL_QUESTION_RATE, _RETURN_QUESTION_RATE)
    payment_rate = np.where(delivered.attempts_made > 1, _RETRIED_PAYMENT_QUESTION_RATE, _PAYMENT_QUESTION_RATE)
    bounds = np.stack([rate, rate + _PRODUCT_QUESTION_RATE, rate + _PRODUCT_QUESTION_RATE + payment_rate])
    drawn = dice.uniform("question", ids)
    order = np.flatnonzero((drawn < bounds[2]) & ~has_asked)
    topic = np.array([_RETURN, _PRODUCT, _PAYMENT])[(drawn[order] >= bounds[:2, order]).sum(axis=0)]

    moment = dice.uniform("question moment", ids[order])
    wait = HOUR + np.where(topic == _PRODUCT, 10 * DAY, 3 * DAY) * moment**2
    opened_at = delivered.delivered_at[order] + whole_seconds(wait)
    # While the parcel is on its way back, or within a day of the refusal.
    asks = topic == _RETURN
    place = np.searchsorted(returns.order, order[asks])
    begin = np.where(returns.is_refused, returns.received_at, returns.requested_at)[place]
    end = np.where(returns.is_refused, returns.received_at + DAY, returns.received_at)[place]
    opened_at[asks] = begin + whole_seconds((end - begin) * (0.05 + 0.9 * moment[asks]))
    return Tickets(order, topic, opened_at)


def answer(dice: Dice, zone: ZoneInfo, order_id: IntArray, opened_at: IntArray) -> Answers:
    """When tickets, one an order, are answered and resolved, and how their customers rate that."""
    first_response_at = after_work(zone, opened_at, _work(dice, "first response", order_id, *_RESPONSE_HOURS))
    resolved_at = after_work(zone, first_response_at, _work(dice, "resolution", order_id, *_RESOLUTION_HOURS))
    opinion = (
        dice.normal("ticket opinion", order_id)
        + 0.6
        - np.minimum(0.03 * (first_response_at - opened_at) / HOUR, 1.0)
        - np.minimum(0.01 * (resolved_at - opened_at) / HOUR, 1.0)
    )
    satisfaction = 1 + np.searchsorted(_STAR_BOUNDS, opinion, side="right")
    satisfaction[dice.uniform("ticket survey", order_id) >= _SURVEY_SHARE] = 0
    return Answers(first_response_at, resolved_at, satisfaction)


def after_work(zone: ZoneInfo, at: IntArray, work: IntArray) -> IntArray:
    """When ``work`` microseconds of office hours have passed since ``at``."""
    offset = utc_offsets(zone, at)
    local = at + offset
    worked = local // DAY * _WORKDAY + np.clip(local % DAY, _OPENS, _CLOSES) - _OPENS + work
    local_end = worked // _WORKDAY * DAY + _OPENS + worked % _WORKDAY
    # In office hours no clock is put forward or back, so the offset of a neighbouring instant is right.
    end: IntArray = local_end - utc_offsets(zone, local_end - offset)
    return end


def _work(dice: Dice, purpose: str, order_id: IntArray, median: float, sigma: float, least: float, most: float) -> IntArray:
    return whole_seconds(np.clip(median * np.exp(sigma * dice.normal(purpose, order_id)), least, most) * HOUR)
