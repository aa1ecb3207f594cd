-- Which Airflow is in the image of a deployment, and which tag of the command line had the highest number.
--
-- No event of an older database tells of an image but a configuration: its tag is the highest that is known, and the
-- Airflow in it is not.

alter table read.deployments
    add column image_version text not null default '',
    add column cli_tag text not null default '';

update read.deployments
set cli_tag = config #>> '{images,airflow,tag}'
where config #>> '{images,airflow,tag}' ~ '^(cli|deploy)-[0-9]{1,9}$';
