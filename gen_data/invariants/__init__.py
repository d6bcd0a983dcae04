"""What is true of every shop at any time, by area."""

from gen_data.invariants.customers import CUSTOMERS
from gen_data.invariants.invariant import Invariant
from gen_data.invariants.orders import ORDERS
from gen_data.invariants.payments import PAYMENTS
from gen_data.invariants.shipping import SHIPPING
from gen_data.invariants.stock import STOCK
from gen_data.invariants.visits import VISITS
from gen_data.invariants.whole import WHOLE

INVARIANTS = (*ORDERS, *PAYMENTS, *STOCK, *SHIPPING, *CUSTOMERS, *VISITS, *WHOLE)

__all__ = ["INVARIANTS", "Invariant"]
