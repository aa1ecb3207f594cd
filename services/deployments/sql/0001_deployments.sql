-- The read model of deployments, one row each, also of deleted ones until their record is dropped; lists show those
-- without deleted_at alone, hence the partial indexes.
create table read.deployments (
    id text collate "C" primary key,
    workspace_id text collate "C" not null,
    label text not null,
    description text not null,
    release_name text collate "C" not null,
    type text not null,
    version text not null,
    airflow_version text not null,
    executor text not null,
    config jsonb not null,
    properties jsonb not null,
    env_keys jsonb not null,
    state text not null,
    status text not null,
    generation integer not null,
    observed_generation integer not null,
    hard boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

create index deployments_live on read.deployments (id) where deleted_at is null;
create index deployments_of_workspace on read.deployments (workspace_id, id) where deleted_at is null;
create index deployments_by_release_name on read.deployments (release_name) where deleted_at is null;

-- What the simulated driver was told and what it simulates: the desired and the observed state of a backend that is
-- not there. Rows of deleted deployments stay, so that an old wish that comes late is known to be old.
create table simulated_deployments (
    deployment_id text collate "C" primary key,
    generation integer not null,
    wanted boolean not null,
    components jsonb not null,
    up_generation integer,      -- the generation whose components run; null: none run
    incarnation text            -- of the components that run; a new one after every start
);

create index simulated_deployments_busy on simulated_deployments (deployment_id)
    where wanted or up_generation is not null;

do $$ begin
    execute format('grant select, insert, update on simulated_deployments to %I', current_database());
end $$;
