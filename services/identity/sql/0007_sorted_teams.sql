-- The orders in which teams can be listed.
--
-- Why: clients page through teams by any of these, up or down, with equal ones by rising id; a page is read from an
-- index, however deep. Times are hardly ever equal, so one index serves both ways; texts often are.

create index teams_by_name on read.teams ((name collate "C"), id);
create index teams_by_name_down on read.teams ((name collate "C") desc, id);
create index teams_by_description on read.teams ((description collate "C"), id);
create index teams_by_description_down on read.teams ((description collate "C") desc, id);
create index teams_by_creation on read.teams (created_at, id);
create index teams_by_change on read.teams (updated_at, id);
