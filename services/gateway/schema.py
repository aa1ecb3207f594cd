"""The executable schema: the files of the folder sdl with the resolvers behind them."""

from functools import cache
from importlib.resources import files

from ariadne import make_executable_schema
from graphql import GraphQLSchema

from services.gateway.resolvers import (
    accounts,
    adoption,
    airflow,
    app_config,
    audit,
    deployment_changes,
    deployment_status,
    deployment_upserts,
    deployments,
    groups,
    invites,
    log_history,
    logs,
    members,
    roles,
    service_accounts,
    signing_keys,
    team_roles,
    teams,
    users,
    workspaces,
)
from services.gateway.scalars import SCALARS


def load_sdl() -> str:
    """Return the text of the schema: all files of the folder sdl, one a subject."""
    folder = files("services.gateway").joinpath("sdl")
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".graphql"))
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


@cache
def build_schema() -> GraphQLSchema:
    """Return the schema with its resolvers; its camelCase names are snake_case in Python.

    It is built once a process, for all applications: nothing changes it, and aiohttp forgets no closed application.
    """
    rooms = (
        users,
        accounts,
        roles,
        groups,
        workspaces,
        members,
        teams,
        team_roles,
        service_accounts,
        signing_keys,
        invites,
        app_config,
        adoption,
        deployment_changes,
        deployment_upserts,
        deployment_status,
        deployments,
        log_history,
        logs,
        airflow,
        audit,
    )
    bindables = [bindable for room in rooms for bindable in room.BINDABLES]
    return make_executable_schema(load_sdl(), *SCALARS, *bindables, convert_names_case=True)
