"""Words of the shop that several tables accept."""

ORDER_STATUSES = ("pending", "paid", "packed", "shipped", "delivered", "cancelled", "returned")
"""What an order can be, from placed to its end."""
