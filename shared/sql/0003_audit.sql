-- The audit of a service: one row an event, fed like every read model, and beside it the commands that were refused.
--
-- Why two tables: what happened can be made anew from the events at any time; a refusal is no event, is kept for 90 days,
-- and may be lost when the service is hurried. Where something came from is personal and stands here sealed under the
-- key of a person, as it does in the events.

create table read.audit (
    position bigint primary key,
    id uuid not null,            -- of the event
    time timestamptz not null,
    action text collate "C" not null,
    stream text collate "C" not null,
    subject text collate "C" not null,
    kind text collate "C" not null,
    credential text collate "C" not null,
    role text collate "C" not null,
    target_kind text collate "C" not null,
    target_id text collate "C" not null,
    workspace_id text collate "C" not null,
    part text collate "C" not null,  -- of a workspace: by this id later events find the workspace that they concern
    message_id uuid not null,
    correlation_id uuid not null,
    origin_seal text not null
);
create index audit_by_time on read.audit (time, id);
create index audit_of_actor on read.audit (subject, time, id) where subject <> '';
create index audit_of_target on read.audit (target_id, time, id) where target_id <> '';
create index audit_of_workspace on read.audit (workspace_id, time, id) where workspace_id <> '';
create index audit_of_action on read.audit (action, time, id);
create index audit_parts on read.audit (part, position) where part <> '' and workspace_id <> '';

create table refusals (
    id uuid primary key,         -- made from that of the message, so that a repeat is one refusal
    time timestamptz not null,
    action text collate "C" not null,
    subject text collate "C" not null,
    kind text collate "C" not null,
    credential text collate "C" not null,
    target_kind text collate "C" not null,
    target_id text collate "C" not null,
    workspace_id text collate "C" not null,
    code text collate "C" not null,
    rule text collate "C" not null,
    message_id uuid not null,
    correlation_id uuid not null,
    origin_seal text not null,
    source text collate "C" not null
);
create index refusals_by_time on refusals (time, id);
create index refusals_of_actor on refusals (subject, time, id) where subject <> '';
create index refusals_of_target on refusals (target_id, time, id) where target_id <> '';
create index refusals_of_workspace on refusals (workspace_id, time, id) where workspace_id <> '';
create index refusals_of_action on refusals (action, time, id);

do $$ begin
    execute format('grant select, insert, delete on refusals to %I', current_database());
end $$;
