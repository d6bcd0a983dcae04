"""Rows of customers and addresses, as columns: the same whether somebody was there at the opening or came later."""

import numpy as np

from gen_data.behaviour.channels import CHANNEL_CODES
from gen_data.behaviour.people import People
from gen_data.changes import Columns
from gen_data.clock import DAY
from gen_data.randomness import IntArray
from gen_data.texts import pick


def customer_columns(people: People, customer_id: IntArray, registered_at: IntArray, channel: IntArray, opened_at: int) -> Columns:
    """New customers as they register; ``channel`` is a position in CHANNELS."""
    return {
        "customer_id": customer_id,
        "full_name": people.full_names(customer_id),
        "email": people.emails(customer_id),
        "phone": people.phones(customer_id),
        "birth_date": people.birth_dates(customer_id, opened_at // DAY),
        "tier": pick(("bronze",), np.zeros(len(customer_id), dtype=np.int64)),
        "signup_channel_code": pick(CHANNEL_CODES, channel),
        "registered_at": registered_at,
        "updated_at": registered_at,
    }


def address_columns(
    people: People, address_id: IntArray, customer_id: IntArray, created_at: IntArray, place: IntArray | None = None
) -> Columns:
    """Default addresses that somebody registers with or moves to; those of one ``place``, their own number as a rule, have the same text."""
    place = address_id if place is None else place
    return {
        "address_id": address_id,
        "customer_id": customer_id,
        "recipient": people.full_names(customer_id),
        "street": people.streets(place),
        "district": people.districts(place),
        "province": people.provinces(place),
        "is_default": np.ones(len(address_id), dtype=np.bool_),
        "created_at": created_at,
        "updated_at": created_at,
    }
