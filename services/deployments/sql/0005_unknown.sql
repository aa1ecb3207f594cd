-- What a driver has and no wish knows, as after the database came back from an older dump: then it may be the only copy of
-- what was made since, so its data stay for a while.

create table unknown_deployments (
    driver text collate "C" not null,
    deployment_id text collate "C" not null,
    first_seen_at timestamptz not null default clock_timestamp(),
    last_seen_at timestamptz not null default clock_timestamp(),
    primary key (driver, deployment_id)
);

do $$ begin
    execute format('grant select, insert, update, delete on unknown_deployments to %I', current_database());
end $$;
