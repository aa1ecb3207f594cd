"""The one organization: found at first start, or made by one of several starting replicas."""

from typing import Final

from services.identity.contract import SERVICE, OrganizationId
from services.identity.domain import organization
from services.identity.handlers.internal import FoundOrganization
from services.identity.handlers.streams import ORGANIZATION, state_of
from shared.auth import service_principal
from shared.bus.context import Context
from shared.bus.request import Request
from shared.commands import Commands, Unit
from shared.errors import WrongExpectedVersion
from shared.store.events import EventStore
from shared.store.model import Claim

_KIND: Final = "organization"
_ONLY: Final = "only"


class TheOrganization:
    """Knows the id of this installation's organization."""

    def __init__(self, store: EventStore, commands: Commands, *, name: str) -> None:
        self._store = store
        self._commands = commands
        self._name = name
        self._id: OrganizationId | None = None
        self._has_owner = False

    async def id(self) -> OrganizationId:
        """Return the id of the organization, which is made if there is none yet."""
        if self._id is None:
            holder = await self._store.claim_holder(_KIND, _ONLY) or await self._found()
            self._id = OrganizationId(holder.removeprefix(f"{_KIND}-"))
        return self._id

    async def name(self) -> str:
        """Return the name of the organization."""
        state = await self._read()
        return state.name if isinstance(state, organization.Founded) else self._name

    async def has_owner(self) -> bool:
        """Say whether somebody has signed up; once it is true it stays true, for the last owner has to stay.

        One who had to be forgotten is followed by who has the bootstrap token, which takes a new start anyhow.
        """
        self._has_owner = self._has_owner or await self.is_owned()
        return self._has_owner

    async def is_owned(self) -> bool:
        """Say whether there is an owner now."""
        state = await self._read()
        return isinstance(state, organization.Founded) and bool(state.owners)

    async def _read(self) -> organization.Organization:
        return state_of(ORGANIZATION, await self._store.read_stream(ORGANIZATION.stream(await self.id())))

    async def _found(self) -> str:
        command = FoundOrganization(name=self._name)

        async def attempt(unit: Unit) -> str:
            holder = await unit.claim_holder(_KIND, _ONLY)
            if holder is not None:
                return holder
            loaded = await unit.load(ORGANIZATION, command.organization_id)
            wish = organization.Create(organization_id=command.organization_id, name=command.name, now=command.now)
            unit.append(loaded, ORGANIZATION.decide(wish, loaded.state))
            unit.take(Claim(_KIND, _ONLY, loaded.stream), taken=WrongExpectedVersion("another replica was first"))
            return loaded.stream

        request = Request(command, Context.first(service_principal(SERVICE)))
        return (await self._commands.run(request, attempt)).stream
