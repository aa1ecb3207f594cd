"""The executable schema: schema.graphql with the resolvers behind it."""

from importlib.resources import files

from ariadne import make_executable_schema
from graphql import GraphQLSchema

from services.gateway.resolvers import deployments, invites, logs, service_accounts, users, workspaces
from services.gateway.scalars import SCALARS


def load_sdl() -> str:
    """Return the text of schema.graphql."""
    return files("services.gateway").joinpath("schema.graphql").read_text(encoding="utf-8")


def build_schema() -> GraphQLSchema:
    """Return the schema with its resolvers; its camelCase names are snake_case in Python."""
    rooms = (users, workspaces, service_accounts, invites, deployments, logs)
    bindables = [bindable for room in rooms for bindable in room.BINDABLES]
    return make_executable_schema(load_sdl(), *SCALARS, *bindables, convert_names_case=True)
