with lasted as (
    select distinct on (customer_id, changed_at) customer_id, changed_at, operation, tier from customer_history
    order by customer_id, changed_at, version desc
),
steps as (
    select lasted.*, date_trunc('month', changed_at)::date as month, operation = 'delete' as is_gone, rank,
           lag(tier) over by_time as tier_before, lag(rank) over by_time as rank_before, lag(operation) over by_time as operation_before
    from lasted
    join loyalty_tiers using (tier)
    window by_time as (partition by customer_id order by changed_at)
),
moved as (
    select date_trunc('month', happened_at)::date as month, kind, points,
           (select tier from lasted where lasted.customer_id = log.customer_id and changed_at <= happened_at order by changed_at desc limit 1) as tier
    from loyalty_transactions log
),
calendar as (
    select month::date as month, (month + interval '1 month')::timestamptz as month_end
    from generate_series((select min(month) from (select month from steps union select month from moved) all_months),
                         (select max(month) from (select month from steps union select month from moved) all_months), interval '1 month') as month
),
members as (
    select month, lasted.customer_id, tier, coalesce(points, 0) as points
    from calendar
    cross join lateral (
        select distinct on (customer_id) customer_id, tier, operation from lasted where changed_at < month_end order by customer_id, changed_at desc
    ) as lasted
    left join lateral (
        select sum(points) as points from loyalty_transactions log where log.customer_id = lasted.customer_id and happened_at < month_end
    ) as account on true
    where operation <> 'delete'
),
at_end as (
    select month, tier, count(customer_id) as member_count, coalesce(sum(points), 0) as point_balance
    from calendar cross join loyalty_tiers left join members using (month, tier)
    group by month, tier
),
into_tier as (
    select month, tier, count(*) filter (where rank_before is null or operation_before = 'delete') as joined_count,
           count(*) filter (where rank_before < rank and operation_before <> 'delete') as came_from_below_count,
           count(*) filter (where rank_before > rank and operation_before <> 'delete') as came_from_above_count
    from steps where not is_gone group by month, tier
),
out_of_tier as (
    select month, tier_before as tier, count(*) filter (where rank_before < rank and not is_gone) as went_up_count,
           count(*) filter (where rank_before > rank and not is_gone) as went_down_count, count(*) filter (where is_gone) as closed_count
    from steps where operation_before <> 'delete' group by month, tier_before
),
points as (
    select month, tier, sum(points) filter (where kind = 'earn') as earned, -sum(points) filter (where kind = 'reverse') as reversed,
           -sum(points) filter (where kind = 'redeem') as redeemed, sum(points) as change
    from moved group by month, tier
)
select month as loyalty_month, tier, rank, member_count, coalesce(joined_count, 0) as joined_count,
       coalesce(came_from_below_count, 0) as came_from_below_count, coalesce(came_from_above_count, 0) as came_from_above_count,
       coalesce(went_up_count, 0) as went_up_count, coalesce(went_down_count, 0) as went_down_count, coalesce(closed_count, 0) as closed_count,
       coalesce(earned, 0) as earned_points, coalesce(reversed, 0) as reversed_points, coalesce(redeemed, 0) as redeemed_points,
       coalesce(change, 0) as point_change,
       point_balance - lag(point_balance, 1, 0) over (partition by tier order by month) - coalesce(change, 0) as carried_points, point_balance
from at_end
join loyalty_tiers using (tier)
left join into_tier using (month, tier)
left join out_of_tier using (month, tier)
left join points using (month, tier)
