-- A cut is a position in the source's log up to which every bronze table is complete.
create table if not exists shoplake.cuts (
    cut_id bigint generated always as identity primary key,
    end_lsn bigint not null unique,
    recorded_at timestamptz not null default now(),
    -- When the source was last read and had committed nothing behind it.
    read_at timestamptz not null default now()
);

-- A lake made before. Looked at first, since altering a table waits for all who read it, even where there is nothing to alter.
do $$
begin
    if not exists (select from pg_attribute where attrelid = 'shoplake.cuts'::regclass and attname = 'read_at' and not attisdropped) then
        alter table shoplake.cuts add column read_at timestamptz not null default now();
        update shoplake.cuts set read_at = recorded_at;
    end if;
end
$$;
