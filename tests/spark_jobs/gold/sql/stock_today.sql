with span as (
    select max(happened_at::date) as as_of_date, max(happened_at::date) - min(happened_at::date) + 1 as day_count from inventory_log
),
moved as (
    select product_id, warehouse_code, sum(quantity * unit_cost) as stock_value,
           coalesce(-sum(quantity) filter (where kind = 'issue' and happened_at::date > as_of_date - 28), 0) as issued_unit_count
    from inventory_log cross join span
    group by product_id, warehouse_code
)
select product_id, warehouse_code, as_of_date, on_hand, reserved, on_hand - reserved as available, on_order, expected_at, safety_stock,
       below_safety_since is not null as is_below_safety, below_safety_since, coalesce(stock_value, 0) as stock_value,
       coalesce(issued_unit_count, 0) as issued_unit_count,
       round((on_hand - reserved) * least(28, day_count)::numeric / nullif(issued_unit_count, 0), 2) as days_of_cover
from inventory
cross join span
left join moved using (product_id, warehouse_code)
