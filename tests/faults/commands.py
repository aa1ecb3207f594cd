"""One kind of command a service, and how to see afterwards what it left."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.acceptance.client import Houston

WORKSPACE = "mutation ($name: String!) { createWorkspace(label: $name) { id } }"
INVITE = "mutation ($email: String!) { inviteUser(email: $email) { id } }"
DEPLOYMENT = """mutation ($workspace: Uuid!, $name: String!) {
  createDeployment(workspaceUuid: $workspace, type: "airflow", label: $name) { id }
}"""


@dataclass(frozen=True)
class Commands:
    """`ask(name)` makes one thing of that name; `present()` counts what is there by name."""

    ask: Callable[[str], Awaitable[None]]
    present: Callable[[], Awaitable[Counter[str]]]


def workspaces(admin: Houston) -> Commands:
    """Commands that identity answers."""

    async def ask(name: str) -> None:
        await admin.run(WORKSPACE, {"name": name})

    async def present() -> Counter[str]:
        return Counter(row["label"] for row in (await admin.run("{ workspaces { label } }"))["workspaces"])

    return Commands(ask, present)


def invites(admin: Houston) -> Commands:
    """Commands that pass through invites to identity and come back by its events."""

    async def ask(name: str) -> None:
        await admin.run(INVITE, {"email": f"{name}@example.com"})

    async def present() -> Counter[str]:
        rows = (await admin.run("{ invites { email } }"))["invites"]
        return Counter(row["email"].removesuffix("@example.com") for row in rows)

    return Commands(ask, present)


async def deployments(admin: Houston) -> Commands:
    """Commands that deployments answers."""
    workspace = (await admin.run(WORKSPACE, {"name": "of deployments"}))["createWorkspace"]["id"]

    async def ask(name: str) -> None:
        await admin.run(DEPLOYMENT, {"workspace": workspace, "name": name})

    async def present() -> Counter[str]:
        rows = (await admin.run("{ deployments { label } }"))["deployments"]
        return Counter(row["label"] for row in rows)

    return Commands(ask, present)


async def commands_of(service: str, admin: Houston) -> Commands:
    """Return the commands whose path leads through `service`."""
    if service == "invites":
        return invites(admin)
    if service == "deployments":
        return await deployments(admin)
    return workspaces(admin)
