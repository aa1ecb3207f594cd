-- Bundles of DAG files: what is known of them stands in the row of their deployment, their bytes here.
--
-- Why bytes in Postgres: whoever unpacks them may be another process on another machine, and they have to be there after
-- JetStream, which only brings them, has lost its data. A part is at most 1 MiB; a bundle is whole when its SHA-256 says so.

alter table read.deployments
    add column bundles jsonb not null default '[]',
    add column active_bundle integer not null default 0;

create table bundle_parts (
    deployment_id text collate "C" not null,
    sha256 text collate "C" not null,
    part integer not null,
    bytes bytea not null,
    stored_at timestamptz not null default now(),
    primary key (deployment_id, sha256, part)
);

alter table bundle_parts alter column bytes set storage external;   -- packed already

do $$ begin
    execute format('grant select, insert, delete on bundle_parts to %I', current_database());
end $$;
