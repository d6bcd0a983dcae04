-- A customer's points go on from the last balance.
create function check_loyalty_transactions() returns trigger
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
    select step.customer_id, step.sequence, step.points, previous.balance_after as balance_before into refused
    from new_rows step
    left join loyalty_transactions previous on previous.customer_id = step.customer_id and previous.sequence = step.sequence - 1
    where step.happened_at < previous.happened_at
       or step.balance_after is distinct from step.points + case when step.sequence = 1 then 0 else previous.balance_after end
    limit 1;
    if found then
        raise exception 'loyalty_transactions_continue: customer % cannot have transaction % of % points after %',
            refused.customer_id, refused.sequence, refused.points, coalesce(refused.balance_before || ' points', 'nothing')
            using errcode = 'check_violation', constraint = 'loyalty_transactions_continue', table = 'loyalty_transactions', schema = 'public';
    end if;
    return null;
end
$$;

create trigger loyalty_transactions_continue after insert on loyalty_transactions
    referencing new table as new_rows for each statement execute function check_loyalty_transactions();
