-- Every version of a customer. Its time is the row's own, or for a deletion the shop's: never the server's clock.
create function record_customer_history() returns trigger
language plpgsql
set search_path = public, pg_temp
-- The plan of the first call is kept for the session: only the key's index is right for small and large loads alike.
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_memoize = off
as $$
declare
    deleted_at timestamptz;
begin
    if tg_op = 'INSERT' then
        insert into customer_history
        select changed.customer_id,
               coalesce((select max(version) from customer_history past where past.customer_id = changed.customer_id), 0) + 1,
               'insert', full_name, email, phone, birth_date, tier, signup_channel_code, updated_at
        from new_rows changed;
    elsif tg_op = 'UPDATE' then
        insert into customer_history
        select changed.customer_id,
               coalesce((select max(version) from customer_history past where past.customer_id = changed.customer_id), 0) + 1,
               'update', full_name, email, phone, birth_date, tier, signup_channel_code, updated_at
        from new_rows changed;
    else
        deleted_at := nullif(current_setting('shop.now', true), '');
        if deleted_at is null then
            raise exception 'customer_history_needs_the_shop_time: a customer is deleted only after select set_config(''shop.now'', <instant>, true) in the same transaction'
                using errcode = 'check_violation', constraint = 'customer_history_needs_the_shop_time', table = 'customers', schema = 'public';
        end if;
        insert into customer_history
        select changed.customer_id,
               coalesce((select max(version) from customer_history past where past.customer_id = changed.customer_id), 0) + 1,
               'delete', full_name, email, phone, birth_date, tier, signup_channel_code, deleted_at
        from old_rows changed;
    end if;
    return null;
end
$$;

create trigger customers_insert_is_recorded after insert on customers
    referencing new table as new_rows for each statement execute function record_customer_history();
create trigger customers_update_is_recorded after update on customers
    referencing new table as new_rows for each statement execute function record_customer_history();
create trigger customers_delete_is_recorded after delete on customers
    referencing old table as old_rows for each statement execute function record_customer_history();
