"""The things that the table names: how each is made, and what it needs."""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from services.deployments.contract import CreateDeployment
from services.identity.contract import AddWorkspaceUser, BindUser, Groups, Role, WorkspaceId
from services.invites.contract import CreateInvite
from shared.auth import SYSTEM, deployment, workspace
from tests.integration.gateway.matrix.rows import PLACED

if TYPE_CHECKING:
    from tests.integration.gateway.matrix.world import World

Things = dict[str, str]
"""Ids and other texts by their names in the table."""


async def things_of(world: "World", names: Iterable[str]) -> Things:
    """Return new things of these names, in a new workspace where one of them is in one."""
    wanted = set(names)
    made: Things = {}
    if wanted & PLACED:
        await _workspace(world, made)
    if wanted & _DEPLOYED:
        await _deployment(world, made)
    for make, own in _MAKERS.items():
        if wanted & own:
            await make(world, made)
    return made


def new_email() -> str:
    """Return an address that nobody has."""
    return f"person-{uuid4().hex}@example.com"


async def _workspace(world: "World", things: Things) -> None:
    things["label"] = f"label-{uuid4().hex}"
    things["workspace"] = await world.workspace(things["label"])


async def _deployment(world: "World", things: Things) -> None:
    made = await world.seen(
        CreateDeployment(workspace_id=WorkspaceId(things["workspace"]), label="prod"), by="identity"
    )
    things |= {"deployment": made.id, "release": made.release_name}


async def _account(world: "World", things: Things) -> None:
    things["account"] = (await world.account(workspace(things["workspace"]), Role.WORKSPACE_VIEWER)).id


async def _deployment_account(world: "World", things: Things) -> None:
    made = await world.account(deployment(things["deployment"]), Role.DEPLOYMENT_VIEWER)
    things["deployment_account"] = made.id


async def _invite(world: "World", things: Things) -> None:
    home = WorkspaceId(things["workspace"])
    made = await world.do(CreateInvite(email=new_email(), workspace_id=home, role=Role.WORKSPACE_VIEWER))
    things["invite"] = made.id


async def _member(world: "World", things: Things) -> None:
    someone = secrets.choice(world.members)
    await world.do(AddWorkspaceUser(workspace_id=WorkspaceId(things["workspace"]), email=someone.email))
    things |= {"member": someone.id, "member_email": someone.email}


async def _operator(world: "World", things: Things) -> None:
    someone = secrets.choice(world.members)
    entity = deployment(things["deployment"])
    await world.do(BindUser(entity=entity, role=Role.DEPLOYMENT_VIEWER, email=someone.email))
    things |= {"operator": someone.id, "operator_email": someone.email}


async def _group(world: "World", things: Things) -> None:
    things["group"] = await _group_of(world, workspace(things["workspace"]), Role.WORKSPACE_VIEWER)


async def _system_group(world: "World", things: Things) -> None:
    things["system_group"] = await _group_of(world, SYSTEM, Role.SYSTEM_ADMIN)


async def _group_of(world: "World", entity: str, role: Role) -> str:
    found = await world.do(Groups(entities=(entity,)))
    return next(group.id for group in found.rows if group.role is role)


async def _user(world: "World", things: Things) -> None:
    someone = await world.person()
    things |= {"user": someone.id, "user_email": someone.email, "session": someone.session}


async def _owner(world: "World", things: Things) -> None:
    things["owner"] = (await world.person(Role.SYSTEM_ADMIN)).id


async def _system_account(world: "World", things: Things) -> None:
    made = await world.account()
    things |= {"system_account": made.id, "system_account_key": made.token}


async def _system_invite(world: "World", things: Things) -> None:
    email = new_email()
    id_, token = await world.invite(email)
    things |= {"system_invite": id_, "system_invited": email, "invite_token": token}


async def _team(world: "World", things: Things) -> None:
    someone = secrets.choice(world.members)
    things |= {"team": await world.team(someone), "team_member": someone.id}


async def _local_team(world: "World", things: Things) -> None:
    home = (workspace(things["workspace"]), Role.WORKSPACE_VIEWER)
    things["local_team"] = await world.team(
        secrets.choice(world.members), home, (deployment(things["deployment"]), Role.DEPLOYMENT_VIEWER)
    )


async def _system_team(world: "World", things: Things) -> None:
    things["system_team"] = await world.team(secrets.choice(world.members), (SYSTEM, Role.SYSTEM_VIEWER))


_DEPLOYED: Final = frozenset(
    {"deployment", "release", "deployment_account", "operator", "operator_email", "local_team"}
)
"""What is on a deployment, or is one."""

_MAKERS: Final[Mapping[Callable[["World", Things], Awaitable[None]], frozenset[str]]] = {
    _account: frozenset({"account"}),
    _deployment_account: frozenset({"deployment_account"}),
    _invite: frozenset({"invite"}),
    _member: frozenset({"member", "member_email"}),
    _operator: frozenset({"operator", "operator_email"}),
    _group: frozenset({"group"}),
    _system_group: frozenset({"system_group"}),
    _user: frozenset({"user", "user_email", "session"}),
    _owner: frozenset({"owner"}),
    _system_account: frozenset({"system_account", "system_account_key"}),
    _team: frozenset({"team", "team_member"}),
    _local_team: frozenset({"local_team"}),
    _system_team: frozenset({"system_team"}),
    _system_invite: frozenset({"system_invite", "system_invited", "invite_token"}),
}

EVERYTHING: Final = _DEPLOYED.union(*_MAKERS.values())
"""Every name that can be made."""
