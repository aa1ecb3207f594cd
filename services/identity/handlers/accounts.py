"""What is changed about an account: its profile, and whether it may be used."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.identity.contract import Role, SetUserStatus, UpdateUser, UserId, UserRow, VerifyEmail, addresses
from services.identity.domain import texts
from services.identity.domain.team import held_through
from services.identity.domain.user import ChangeProfile, Confirm, Reinstate, Suspend, User, UserCommand, bindings_of
from services.identity.handlers.authority import asker, is_own, require, require_to_give
from services.identity.handlers.entities import reached_from
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import holder_of, is_in_team, live_places, write
from services.identity.handlers.replies import primary, user_row
from services.identity.handlers.streams import TEAM, USER, user_of
from services.identity.sql import QUERIES
from shared.bus.request import Request, Result
from shared.commands import Attempt, Unit
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class Accounts:
    """What answers UpdateUser, SetUserStatus and VerifyEmail."""

    kit: Kit

    async def update(self, request: Request[UpdateUser]) -> Result[UserRow]:
        """Change one's own profile, or as an administrator another's."""
        command = request.message
        wish = ChangeProfile(
            full_name=None if command.full_name is None else texts.short_text("fullName", command.full_name),
            avatar_url=None if command.avatar_url is None else texts.avatar_url(command.avatar_url),
            now=command.now,
        )

        async def attempt(unit: Unit) -> str:
            who = await asker(unit, self.kit)
            if not is_own(who, command.user_id):
                await require(unit, self.kit, "system.iam.update")
            loaded = await unit.load(USER, command.user_id)
            await write(unit, self.kit, loaded, wish, now=command.now)
            return loaded.stream

        return await self._run(request, attempt)

    async def set_status(self, request: Request[SetUserStatus]) -> Result[UserRow]:
        """Suspend or reinstate a person; the sessions of a suspended one end with the next request."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(USER, command.user_id)
            wish: UserCommand
            if command.status == "active":
                given = await self._coming_back(unit, loaded.state, command.user_id)
                await require_to_give(unit, self.kit, "system.iam.update", given=given)
                wish = Reinstate(now=command.now)
            else:
                await require(unit, self.kit, "system.iam.update")
                wish = Suspend(status=command.status, now=command.now)
            await write(unit, self.kit, loaded, wish, now=command.now)
            return loaded.stream

        return await self._run(request, attempt)

    async def verify(self, request: Request[VerifyEmail]) -> Result[UserRow]:
        """Make a person active whose address an administrator vouches for."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            await require(unit, self.kit, "system.user.verifyEmail")
            holder = await holder_of(unit, addresses.email_address(command.email))
            if holder is None:
                raise NotFound("nobody has this address")
            loaded = await unit.load(USER, holder)
            wish = Confirm(
                generation=None,
                live=await live_places(unit, loaded.state),
                now=command.now,
                in_team=await is_in_team(self.kit, user_of(loaded.stream)),
                reset_lasts=self.kit.settings.reset_lasts,
            )
            await write(unit, self.kit, loaded, wish, now=command.now)
            return loaded.stream

        return await self._run(request, attempt)

    async def _coming_back(self, unit: Unit, user: User, user_id: UserId) -> Sequence[tuple[Role, tuple[str, ...]]]:
        """Return the roles that a reinstated person holds again, their own and those through teams.

        Each comes with the entities on which who gives it back may hold it.
        """
        found = await self.kit.running.pool_queries.fetch(QUERIES["memberships_to_end"], user_id, "", None)
        teams = [(await unit.load(TEAM, row["id"])).state for row in found]
        through = [binding for each in teams for binding in held_through(each, user_id)]
        own = bindings_of(user).values()
        return [(each.role, await reached_from(unit, each.entity)) for each in (*own, *through)]

    async def _run(
        self, request: Request[UpdateUser] | Request[SetUserStatus] | Request[VerifyEmail], attempt: Attempt
    ) -> Result[UserRow]:
        committed = await self.kit.running.commands.run(request, attempt)
        return Result(user_row(primary(committed)), committed.stream, committed.position)
