"""The aftermath of deliveries as rows: returns and refunds, credits, reviews and tickets, all planned at once.

A plan depends on the dice and what is given about the orders alone, so that
planning again gives the same rows.
"""

from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from gen_data import schema
from gen_data.behaviour import support
from gen_data.behaviour.aftersales import (
    RESALABLE,
    REVIEW_BODIES,
    Delivered,
    DeliveredLines,
    ReturnedLines,
    Returns,
    Reviews,
    choose_returns,
    complaint_credits,
    delay_credits,
    loss_credits,
    write_reviews,
)
from gen_data.behaviour.cards import card_tokens
from gen_data.behaviour.money import Currency
from gen_data.changes import NULL, Changes, Coded, Columns, Insert, Update
from gen_data.ids import PAYMENTS_PER_ORDER
from gen_data.randomness import Dice, FloatArray, IntArray
from gen_data.schema.aftersales import (
    CREDIT_REASONS,
    RETURN_CONDITIONS,
    RETURN_REASONS,
    RETURN_STATUSES,
    TICKET_STATUSES,
    TICKET_TOPICS,
)
from gen_data.schema.orders import ORDER_STATUSES, PAYMENT_METHODS, PAYMENT_STATUSES

_REVIEWS_PER_ORDER = 8
_CARD = PAYMENT_METHODS.index("card")
_PRODUCT = TICKET_TOPICS.index("product")


class Restocks(NamedTuple):
    """Resalable pieces as they arrive at the warehouse: ``order`` is a position in the delivered orders."""

    order: IntArray
    line_number: IntArray
    quantity: IntArray
    at: IntArray


class Reversals(NamedTuple):
    """Orders that came back whole, when they were refunded: their points go back too."""

    order_id: IntArray
    customer_id: IntArray
    at: IntArray


class AfterSales(NamedTuple):
    """Everything that follows deliveries."""

    changes: Changes
    restocks: Restocks
    reversals: Reversals


def plan_after_sales(
    dice: Dice, currency: Currency, delivered: Delivered, lines: DeliveredLines, return_factor: FloatArray, zone: ZoneInfo
) -> AfterSales:
    """All that happens after the deliveries, within LONGEST_AFTERMATH.

    ``return_factor`` is per order what the conditions at its delivery make of
    the rate of returns. ``zone`` is the shop's: people answer in its office hours.
    """
    asked = support.enquiries(dice, delivered.order_id, delivered.promised_at, delivered.delivered_at)
    has_asked = np.zeros(len(delivered.order_id), dtype=np.bool_)
    has_asked[asked.order] = True
    returns, returned = choose_returns(dice, currency, delivered, lines, return_factor)
    is_sent_back = np.zeros(len(lines.order), dtype=np.bool_)
    is_sent_back[returned.line] = True
    reviews = write_reviews(dice, delivered, lines, is_sent_back)
    tickets = support.questions(dice, delivered, returns, has_asked)
    answers = support.answer(dice, zone, delivered.order_id[tickets.order], tickets.opened_at)

    late, late_amount, late_at = delay_credits(dice, currency, delivered, has_asked)
    # One credit an order: who was credited for the delay complains in vain.
    complains = np.flatnonzero((tickets.topic == _PRODUCT) & ~np.isin(tickets.order, late))
    is_granted, complaint_amount = complaint_credits(dice, currency, delivered.order_id[tickets.order[complains]])
    granted = complains[is_granted]
    complained = tickets.order[granted]
    ids, customers = delivered.order_id, delivered.customer_id
    changes: Changes = [
        *_returns(delivered, lines, returns, returned),
        *_refunds(dice, delivered, returns),
        _credits("late", ids[late], customers[late], late_amount, late_at),
        _credits("complaint", ids[complained], customers[complained], complaint_amount, answers.resolved_at[granted]),
        _reviews(delivered, lines, reviews),
        *_tickets(ids, customers, tickets, answers),
    ]
    return AfterSales([change for change in changes if len(change)], _restocks(lines, returns, returned), _reversals(delivered, returns))


def plan_enquiries(
    dice: Dice, order_id: IntArray, customer_id: IntArray, promised_at: IntArray, delivered_at: IntArray, zone: ZoneInfo
) -> Changes:
    """Tickets of those whose parcel will be late, and who ask where it is before it comes.

    :func:`plan_after_sales` counts on them, and plans no other ticket for the same order.
    """
    tickets = support.enquiries(dice, order_id, promised_at, delivered_at)
    answers = support.answer(dice, zone, order_id[tickets.order], tickets.opened_at)
    return [change for change in _tickets(order_id, customer_id, tickets, answers) if len(change)]


def plan_loss(
    dice: Dice, currency: Currency, order_id: IntArray, customer_id: IntArray, lost_at: IntArray, total_amount: IntArray, zone: ZoneInfo
) -> Changes:
    """The credits for parcels that the carrier gave up at ``lost_at``, and the tickets of those who ask, within LONGEST_AFTERMATH."""
    amount, granted_at = loss_credits(dice, currency, order_id, lost_at, total_amount)
    tickets = support.loss_enquiries(dice, order_id, lost_at)
    answers = support.answer(dice, zone, order_id[tickets.order], tickets.opened_at)
    changes: Changes = [_credits("lost", order_id, customer_id, amount, granted_at), *_tickets(order_id, customer_id, tickets, answers)]
    return [change for change in changes if len(change)]


def _returns(delivered: Delivered, lines: DeliveredLines, returns: Returns, returned: ReturnedLines) -> Changes:
    ids = delivered.order_id[returns.order]
    nothing = np.full(len(ids), NULL)
    requested: Columns = {
        "return_id": ids,
        "order_id": ids,
        "reason": Coded(RETURN_REASONS, returns.reason),
        "status": _status(RETURN_STATUSES, "requested", len(ids)),
        "requested_at": returns.requested_at,
        "received_at": nothing,
        "refund_amount": nothing,
        "updated_at": returns.requested_at,
    }
    refused, refused_at = ids[returns.is_refused], returns.received_at[returns.is_refused]
    taken, received_at = ids[~returns.is_refused], returns.received_at[~returns.is_refused]
    refused_columns: Columns = {"return_id": refused, "status": _status(RETURN_STATUSES, "refused", len(refused)), "updated_at": refused_at}
    received_columns: Columns = {
        "return_id": taken,
        "status": _status(RETURN_STATUSES, "received", len(taken)),
        "received_at": received_at,
        "updated_at": received_at,
    }
    item_ids, item_at = ids[returned.return_], returns.received_at[returned.return_]
    items: Columns = {
        "return_id": item_ids,
        "line_number": lines.line_number[returned.line],
        "order_id": item_ids,
        "quantity": lines.quantity[returned.line],
        "condition": Coded(RETURN_CONDITIONS, returned.condition),
        "refund_amount": returned.refund_amount,
    }
    return [
        Insert(schema.ORDER_RETURNS, requested, returns.requested_at, ids),
        Update(schema.ORDER_RETURNS, refused_columns, refused_at, refused),
        Update(schema.ORDER_RETURNS, received_columns, received_at, taken),
        Insert(schema.RETURN_ITEMS, items, item_at, item_ids),
    ]


def _refunds(dice: Dice, delivered: Delivered, returns: Returns) -> Changes:
    """The money goes back the way it came; an order that came back whole is returned with that."""
    paid_back = np.flatnonzero(~returns.is_refused)
    order, at, amount = returns.order[paid_back], returns.refunded_at[paid_back], returns.refund_amount[paid_back]
    ids, method, attempt = delivered.order_id[order], delivered.method[order], delivered.attempts_made[order] + 1
    refunded: Columns = {
        "return_id": ids,
        "status": _status(RETURN_STATUSES, "refunded", len(ids)),
        "refund_amount": amount,
        "updated_at": at,
    }
    payments: Columns = {
        "payment_id": ids * PAYMENTS_PER_ORDER + attempt,
        "order_id": ids,
        "attempt": attempt,
        "method": Coded(PAYMENT_METHODS, method),
        "status": _status(PAYMENT_STATUSES, "refunded", len(ids)),
        "amount": amount,
        "paid_at": at,
        "card_token": card_tokens(dice, delivered.customer_id[order], method == _CARD),
        "failure_reason": Coded(("",), np.full(len(ids), -1)),
    }
    whole = returns.is_whole[paid_back]
    whole_ids, whole_at = ids[whole], at[whole]
    history: Columns = {
        "order_id": whole_ids,
        "sequence": delivered.next_sequence[order[whole]],
        "status": _status(ORDER_STATUSES, "returned", len(whole_ids)),
        "changed_at": whole_at,
    }
    orders: Columns = {"order_id": whole_ids, "status": _status(ORDER_STATUSES, "returned", len(whole_ids)), "updated_at": whole_at}
    return [
        Update(schema.ORDER_RETURNS, refunded, at, ids),
        Insert(schema.PAYMENTS, payments, at, ids),
        Update(schema.ORDERS, orders, whole_at, whole_ids),
        Insert(schema.ORDER_STATUS_HISTORY, history, whole_at, whole_ids),
    ]


def _credits(reason: str, order_id: IntArray, customer_id: IntArray, amount: IntArray, at: IntArray) -> Insert:
    columns: Columns = {
        "credit_id": order_id,
        "customer_id": customer_id,
        "order_id": order_id,
        "reason": _status(CREDIT_REASONS, reason, len(order_id)),
        "amount": amount,
        "granted_at": at,
    }
    return Insert(schema.GOODWILL_CREDITS, columns, at, order_id)


def _reviews(delivered: Delivered, lines: DeliveredLines, reviews: Reviews) -> Insert:
    order = lines.order[reviews.line]
    order_id, line_number = delivered.order_id[order], lines.line_number[reviews.line]
    columns: Columns = {
        "review_id": order_id * _REVIEWS_PER_ORDER + line_number,
        "order_id": order_id,
        "line_number": line_number,
        "customer_id": delivered.customer_id[order],
        "product_id": lines.product_id[reviews.line],
        "rating": reviews.rating,
        "body": Coded(REVIEW_BODIES, reviews.body),
        "created_at": reviews.created_at,
    }
    return Insert(schema.REVIEWS, columns, reviews.created_at, order_id)


def _tickets(order_id: IntArray, customer_id: IntArray, tickets: support.Tickets, answers: support.Answers) -> Changes:
    ids, nothing = order_id[tickets.order], np.full(len(tickets.order), NULL)
    opened: Columns = {
        "ticket_id": ids,
        "customer_id": customer_id[tickets.order],
        "order_id": ids,
        "topic": Coded(TICKET_TOPICS, tickets.topic),
        "status": _status(TICKET_STATUSES, "open", len(ids)),
        "opened_at": tickets.opened_at,
        "first_response_at": nothing,
        "resolved_at": nothing,
        "satisfaction": nothing,
        "updated_at": tickets.opened_at,
    }
    answered: Columns = {
        "ticket_id": ids,
        "status": _status(TICKET_STATUSES, "answered", len(ids)),
        "first_response_at": answers.first_response_at,
        "updated_at": answers.first_response_at,
    }
    resolved: Columns = {
        "ticket_id": ids,
        "status": _status(TICKET_STATUSES, "resolved", len(ids)),
        "resolved_at": answers.resolved_at,
        "satisfaction": np.where(answers.satisfaction > 0, answers.satisfaction, NULL),
        "updated_at": answers.resolved_at,
    }
    return [
        Insert(schema.SUPPORT_TICKETS, opened, tickets.opened_at, ids),
        Update(schema.SUPPORT_TICKETS, answered, answers.first_response_at, ids),
        Update(schema.SUPPORT_TICKETS, resolved, answers.resolved_at, ids),
    ]


def _restocks(lines: DeliveredLines, returns: Returns, returned: ReturnedLines) -> Restocks:
    sound = returned.condition == RESALABLE
    line, return_ = returned.line[sound], returned.return_[sound]
    return Restocks(returns.order[return_], lines.line_number[line], lines.quantity[line], returns.received_at[return_])


def _reversals(delivered: Delivered, returns: Returns) -> Reversals:
    whole = returns.is_whole & ~returns.is_refused
    order = returns.order[whole]
    return Reversals(delivered.order_id[order], delivered.customer_id[order], returns.refunded_at[whole])


def _status(values: tuple[str, ...], value: str, count: int) -> Coded:
    return Coded(values, np.full(count, values.index(value)))
