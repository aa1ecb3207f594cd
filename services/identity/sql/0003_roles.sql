-- The ways to who holds a role on an entity, to people by the beginning of a name, and the last use of keys.
--
-- Why: members are listed by the ids of people, page after page; the beginnings of names are looked for in one order that
-- does not depend on a language. Uses of keys are no events: they would be most of the history. They are written at most
-- once a minute and key, and a rebuild of the read models leaves them alone.

create index role_bindings_by_holder on read.role_bindings (entity, user_id);
create index role_bindings_by_entity on read.role_bindings (user_id, entity);
create index users_by_username_prefix on read.users ((lower(username) collate "C"), id);
create index users_by_full_name_prefix on read.users ((lower(full_name) collate "C"), id);

create table credential_uses (
    credential_id text collate "C" primary key,
    used_at timestamptz not null
);

do $$ begin
    execute format('grant select, insert, update, delete on credential_uses to %I', current_database());
end $$;
