-- The one source that this lake captures, and how far it has let the source forget its log.
create table if not exists shoplake.source (
    only_row boolean primary key default true check (only_row),
    system_identifier bigint not null,
    database text not null,
    slot text not null,
    advanced_to bigint
);
