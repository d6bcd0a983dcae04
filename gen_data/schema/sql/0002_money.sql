-- Nothing is paid back that was not paid, and a promotion lowers the price of an order only while it runs.
create function check_refunds() returns trigger
language plpgsql
set search_path = public, pg_temp
-- The plan of the first call is kept for the session: only the key's index is right for small and large loads alike.
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_memoize = off
as $$
declare
    refused record;
begin
    select refund.order_id, refund.attempt, coalesce(past.paid, 0) as paid, past.refunded into refused
    from new_rows refund
    cross join lateral (
        select sum(amount) filter (where status = 'succeeded' and attempt < refund.attempt and paid_at <= refund.paid_at) as paid,
               sum(amount) filter (where status = 'refunded') as refunded
        from payments
        where payments.order_id = refund.order_id
    ) past
    where refund.status = 'refunded' and (past.paid is null or past.refunded > past.paid)
    limit 1;
    if found then
        raise exception 'payments_refund_needs_a_payment: order % has paid % before its refund (attempt %), and would have % refunded',
            refused.order_id, refused.paid, refused.attempt, refused.refunded
            using errcode = 'check_violation', constraint = 'payments_refund_needs_a_payment', table = 'payments', schema = 'public';
    end if;
    return null;
end
$$;

create trigger payments_refund_needs_a_payment after insert on payments
    referencing new table as new_rows for each statement execute function check_refunds();

create function check_order_promotions() returns trigger
language plpgsql
set search_path = public, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_memoize = off
as $$
declare
    refused record;
begin
    select taken.order_id, taken.promotion_id, orders.ordered_at, promotions.starts_at, promotions.ends_at into refused
    from new_rows taken
    join orders on orders.order_id = taken.order_id
    join promotions on promotions.promotion_id = taken.promotion_id
    where orders.ordered_at < promotions.starts_at or orders.ordered_at >= promotions.ends_at
    limit 1;
    if found then
        raise exception 'order_promotion_is_running: order % of % cannot take promotion %, which runs from % to %',
            refused.order_id, refused.ordered_at, refused.promotion_id, refused.starts_at, refused.ends_at
            using errcode = 'check_violation', constraint = 'order_promotion_is_running', table = 'order_promotions', schema = 'public';
    end if;
    return null;
end
$$;

create trigger order_promotion_is_running after insert on order_promotions
    referencing new table as new_rows for each statement execute function check_order_promotions();
