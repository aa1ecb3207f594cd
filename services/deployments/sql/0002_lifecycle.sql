-- The whole lifecycle of deployments, and what drivers are told and see.
--
-- Why: a deployment can be changed, hibernated, woken, can fail and be unhealthy. Every driver is now told in one table,
-- `assignments`; one process keeps what it says, under a lease with a fencing token, and writes what it sees beside it.
-- What is seen is news until the service has made an event of it. Rows of deleted deployments stay, so that an old wish
-- that comes late is known to be old.

alter table read.deployments
    add column desired_airflow_version text not null default '',
    add column cloud_role text not null default '',
    add column dag_deployment jsonb not null default '{}',
    add column triggerer_replicas integer not null default 1,
    add column variables jsonb not null default '[]',
    add column asleep boolean not null default false,
    add column trouble jsonb;

update read.deployments d
set desired_airflow_version = airflow_version,
    variables = coalesce(
        (
            select jsonb_agg(jsonb_build_object('key', k.key, 'value', null, 'is_secret', true))
            from jsonb_array_elements_text(d.env_keys) as k (key)
        ),
        '[]'
    );

alter table read.deployments drop column env_keys;

create sequence assignment_news;

create table assignments (
    deployment_id text collate "C" primary key,
    generation integer not null,
    wish text not null,                         -- run, sleep or gone
    seen_generation integer not null default 0,
    seen text,                                  -- an Observation of seen_generation
    trouble jsonb,                              -- what was said with it; may hold secrets, so it goes when it is told
    endpoint text not null default '',          -- where the one who keeps it reaches its door
    news bigint not null default 0,
    told bigint not null default 0              -- the news that events were made of
);

create index assignments_open on assignments (deployment_id)
    where wish <> 'gone' or seen_generation <> generation or seen is distinct from 'REMOVED';
create index assignments_untold on assignments (news) where news > told;

create table keeper_leases (
    driver text collate "C" primary key,
    holder text not null,
    token bigint not null,
    until timestamptz not null
);

insert into assignments (deployment_id, generation, wish, seen_generation, seen)
select
    deployment_id,
    generation,
    case when wanted then 'run' else 'gone' end,
    case when wanted then 0 else generation end,
    case when wanted then null else 'REMOVED' end
from simulated_deployments;

drop table simulated_deployments;

do $$ begin
    execute format('grant select, insert, update on assignments, keeper_leases to %I', current_database());
    execute format('grant usage on sequence assignment_news to %I', current_database());
end $$;
