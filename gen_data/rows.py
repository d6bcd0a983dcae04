"""Rows of customers and addresses, as columns: the same whether somebody was there at the opening or came later."""

from typing import Any

import numpy as np
import numpy.typing as npt

from gen_data.behaviour.channels import CHANNEL_CODES
from gen_data.behaviour.people import People
from gen_data.clock import DAY
from gen_data.randomness import BoolArray, IntArray
from gen_data.texts import Texts, pick

# A table's columns by name: numbers, or Arrow where they are text or dates; instants in microseconds, money in hundredths.
Columns = dict[str, npt.NDArray[Any] | Texts]


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
    people: People, address_id: IntArray, customer_id: IntArray, created_at: IntArray, is_default: BoolArray, updated_at: IntArray
) -> Columns:
    """Addresses that somebody registered with or moved to."""
    return {
        "address_id": address_id,
        "customer_id": customer_id,
        "recipient": people.full_names(customer_id),
        "street": people.streets(address_id),
        "district": people.districts(address_id),
        "province": people.provinces(address_id),
        "is_default": is_default,
        "created_at": created_at,
        "updated_at": updated_at,
    }
