"""One kind of command a service, and how to see afterwards what it left."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.acceptance.client import JSON, Houston

WORKSPACE = "mutation ($name: String!) { createWorkspace(label: $name) { id } }"
DELETION = "mutation ($id: Uuid!) { deleteWorkspace(workspaceUuid: $id) { id } }"
INVITE = "mutation ($email: String!) { inviteUser(email: $email) { id } }"
DEPLOYMENT = """mutation ($workspace: Uuid!, $name: String!) {
  createDeployment(workspaceUuid: $workspace, type: "airflow", label: $name) { id }
}"""
AT = "@example.com"


@dataclass(frozen=True)
class Commands:
    """`ask(name)` makes one thing of that name, under the name as its Idempotency-Key, and returns its id.

    `present()` counts what is there by name.
    """

    ask: Callable[[str], Awaitable[str]]
    present: Callable[[], Awaitable[Counter[str]]]


async def _made(admin: Houston, document: str, variables: JSON, key: str) -> str:
    (thing,) = (await admin.run(document, variables, {"Idempotency-Key": key})).values()
    id_: str = thing["id"]
    return id_


def workspaces(admin: Houston) -> Commands:
    """Commands that identity answers."""

    async def ask(name: str) -> str:
        return await _made(admin, WORKSPACE, {"name": name}, name)

    async def present() -> Counter[str]:
        return Counter(row["label"] for row in (await admin.run("{ workspaces { label } }"))["workspaces"])

    return Commands(ask, present)


def invites(admin: Houston) -> Commands:
    """Commands that pass through invites to identity and come back by its events."""

    async def ask(name: str) -> str:
        return await _made(admin, INVITE, {"email": f"{name}{AT}"}, name)

    async def present() -> Counter[str]:
        rows = (await admin.run("{ invites { email } }"))["invites"]
        return Counter(row["email"].removesuffix(AT) for row in rows)

    return Commands(ask, present)


async def deployments(admin: Houston) -> Commands:
    """Commands that deployments answers."""
    workspace = (await admin.run(WORKSPACE, {"name": "of deployments"}))["createWorkspace"]["id"]

    async def ask(name: str) -> str:
        return await _made(admin, DEPLOYMENT, {"workspace": workspace, "name": name}, name)

    async def present() -> Counter[str]:
        rows = (await admin.run("{ deployments { label } }"))["deployments"]
        return Counter(row["label"] for row in rows)

    return Commands(ask, present)


def deletions(admin: Houston) -> Commands:
    """Commands that identity makes with deployments: each makes a workspace and deletes it; present is what is gone."""
    names: dict[str, str] = {}

    async def ask(name: str) -> str:
        id_ = await _made(admin, WORKSPACE, {"name": name}, f"{name}-made")
        names[id_] = name
        return await _made(admin, DELETION, {"id": id_}, f"{name}-deleted")

    async def present() -> Counter[str]:
        there = {row["id"] for row in (await admin.run("{ workspaces { id } }"))["workspaces"]}
        return Counter(name for id_, name in names.items() if id_ not in there)

    return Commands(ask, present)


async def commands_of(service: str, admin: Houston) -> Commands:
    """Return the commands whose path leads through `service`."""
    if service == "invites":
        return invites(admin)
    if service == "deployments":
        return await deployments(admin)
    return workspaces(admin)
