-- The read models of identity and its signing keys.
--
-- Why: the rows refer to each other, so one projection feeds all tables in one transaction; `version` is that of the
-- person's stream, by which a reader sees whether the rows are the latest.
-- Addresses stand here in the clear: the rows can be made anew at any time and go when the person is removed.

create table read.users (
    id text collate "C" primary key,
    username text not null,
    full_name text not null,
    email text collate "C" not null,
    status text collate "C" not null,
    email_verified boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version integer not null
);
create index users_by_email on read.users (email);
create index users_by_username on read.users (lower(username));
create index users_by_full_name on read.users (full_name);
create index users_by_creation on read.users (created_at);
create index users_by_change on read.users (updated_at);

create table read.role_bindings (
    id text collate "C" primary key,
    user_id text collate "C" not null,
    role text collate "C" not null,
    entity text collate "C" not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index role_bindings_of_user on read.role_bindings (user_id, id);
create index role_bindings_on_entity on read.role_bindings (entity, id);

-- Open ones only.
create table read.invitations (
    id text collate "C" primary key,
    user_id text collate "C" not null,
    scope text collate "C" not null
);
create index invitations_of_user on read.invitations (user_id);
create index invitations_to_scope on read.invitations (scope, user_id);

create table read.workspaces (
    id text collate "C" primary key,
    label text not null,
    description text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index workspaces_by_label on read.workspaces (label, id);

create table read.service_accounts (
    id text collate "C" primary key,
    label text not null,
    category text not null,
    entity text collate "C" not null,
    role text collate "C" not null,
    key_digest text collate "C" not null,
    key_masked text not null,
    active boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    last_used_at timestamptz
);
create index service_accounts_by_key on read.service_accounts (key_digest);
create index service_accounts_of_entity on read.service_accounts (entity, id);

create table read.sessions (
    id text collate "C" primary key,
    user_id text collate "C" not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null
);
create index sessions_of_user on read.sessions (user_id, id);

-- The keys that sign tokens: the private half sealed under the master key. Not events: a key is a secret, and a
-- rotation has to work although no event may hold it.
create table signing_keys (
    kid text collate "C" primary key,
    public_key bytea not null,
    private_key bytea not null,
    created_at timestamptz not null default now()
);

do $$ begin
    execute format('grant select, insert on signing_keys to %I', current_database());
end $$;
