-- The read model of invites, one row each: who may be shown the pending ones of a workspace, of a person or of all,
-- and what the worker reads before it sends a mail or lets an invite expire. No address is here; identity has them.
create table read.invites (
    id text primary key,
    user_id text not null,
    scope text not null,
    roles jsonb not null,
    expires_at timestamptz not null,
    status text not null,
    inviter text not null,
    inviter_kind text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create index invites_pending on read.invites (id) where status = 'pending';
create index invites_of_scope on read.invites (scope, id);
create index invites_of_user on read.invites (user_id, id);
