"""Words of the shop that several tables accept."""

ORDER_STATUSES = ("pending", "paid", "packed", "shipped", "delivered", "cancelled", "returned")
"""What an order can be, from placed to its end."""

RETURN_REASONS = ("changed_mind", "damaged", "never_arrived", "not_as_described", "wrong_size")
"""Why things come back, as customers say."""
