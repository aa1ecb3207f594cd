"""What a person gets who becomes active: a session, and a workspace where the installation gives everybody one."""

from typing import Final

from services.identity.contract import Role, Signed
from services.identity.contract.commands.accounts import Joining
from services.identity.domain import workspace
from services.identity.domain.user import Active, Grant
from services.identity.handlers.kit import Kit
from services.identity.handlers.sessions import start_session
from services.identity.handlers.streams import USER, WORKSPACE
from shared import auth
from shared.commands import Unit

LABEL: Final = "My Workspace"
"""The label of a first workspace. Not the person's name, as in 2018: labels are published, and outlive a person."""


async def welcome(unit: Unit, kit: Kit, command: Joining[Signed], user: Active) -> None:
    """Begin the session of a person who has just become active, in the entry that made them so."""
    await start_session(unit, kit, command, user)
    if kit.settings.create_default_workspace:
        await _give_workspace(unit, command, user)


async def _give_workspace(unit: Unit, command: Joining[Signed], user: Active) -> None:
    place = await unit.load(WORKSPACE, command.workspace_id)
    wish = workspace.Create(workspace_id=command.workspace_id, label=LABEL, description="", now=command.now)
    unit.append(place, WORKSPACE.decide(wish, place.state))
    grant = Grant(
        binding_id=command.workspace_binding_id,
        role=Role.WORKSPACE_ADMIN,
        entity=auth.workspace(command.workspace_id),
        now=command.now,
    )
    unit.append(await unit.load(USER, user.user_id), USER.decide(grant, user))
