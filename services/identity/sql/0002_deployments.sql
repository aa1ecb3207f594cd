-- Where deployments are.
--
-- Why: roles are bound to deployments too, a role in a workspace reaches those in it, and a deployment that is gone voids
-- what is bound to it. Deployments never move, so a row is as good as its stream.

create table read.deployments (
    id text collate "C" primary key,
    workspace_id text collate "C" not null
);
create index deployments_of_workspace on read.deployments (workspace_id, id);
