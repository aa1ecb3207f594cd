-- What an invite brings besides its role: roles on deployments of its workspace, and places in teams. Why here: whoever
-- may see an invite sees what it gives. Events from before have neither, so a rebuild equals what is altered.
alter table read.invites add column deployment_roles jsonb not null default '[]';
alter table read.invites add column team_ids jsonb not null default '[]';
