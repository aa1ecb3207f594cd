-- Teams, who is in them, and their roles.
--
-- Why: a person holds what their teams hold, so a caller's teams are found by the person, and the teams of a place by its
-- entity. `version` is that of the team's stream, by which a reader sees whether the rows are the latest. How many teams
-- there are is kept in a row of its own: clients ask for it with every page.

create table read.teams (
    id text collate "C" primary key,
    name text not null,
    description text not null,
    created_at timestamptz not null,
    created_by text collate "C" not null,
    created_by_kind text collate "C" not null,
    updated_at timestamptz not null,
    updated_by text collate "C" not null,
    updated_by_kind text collate "C" not null,
    version integer not null
);

-- The id is that of the team, a colon, and that of the person.
create table read.team_members (
    id text collate "C" primary key,
    team_id text collate "C" not null,
    user_id text collate "C" not null,
    created_at timestamptz not null
);
create index team_members_of_team on read.team_members (team_id, id);
create index team_members_of_user on read.team_members (user_id, team_id);

create table read.team_bindings (
    id text collate "C" primary key,
    team_id text collate "C" not null,
    role text collate "C" not null,
    entity text collate "C" not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index team_bindings_of_team on read.team_bindings (team_id, entity);
create index team_bindings_on_entity on read.team_bindings (entity, team_id);

create table read.team_totals (
    id text collate "C" primary key,
    teams bigint not null
);
