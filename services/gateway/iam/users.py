"""The operations on users. Source: iam.md, sections 7 and 8."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.gateway.iam.call import Call, Operation
from services.gateway.iam.lists import read_list, read_orders, read_page
from services.gateway.iam.models import User, UsersPaginated, UserStatusName
from services.gateway.iam.refusals import invalid, not_found
from services.gateway.iam.roles import shown_roles
from services.identity.contract import Bindings, LoadUsers, SortedUsers, UserId, UserOrder, UserRow, UserStatus
from services.identity.contract.rows import BindingRow
from shared import auth

_ORDERS: Final = {
    "id": UserOrder.ID,
    "username": UserOrder.EMAIL,
    "fullName": UserOrder.FULL_NAME,
    "createdAt": UserOrder.CREATED_AT,
    "updatedAt": UserOrder.UPDATED_AT,
}
_STATUS: Final[Mapping[UserStatus, UserStatusName]] = {
    UserStatus.ACTIVE: UserStatusName.ACTIVE,
    UserStatus.PENDING: UserStatusName.PENDING,
    UserStatus.INVITED: UserStatusName.PENDING,
    UserStatus.INACTIVE: UserStatusName.INACTIVE,
    UserStatus.BANNED: UserStatusName.BANNED,
}


async def list_users(call: Call) -> UsersPaginated:
    """Return a page of users, or of those with a role of their own in a workspace or on a deployment."""
    page, query = read_page(call.request.query), call.request.query
    wanted = SortedUsers(entity=_entity(query), orders=read_orders(query, _ORDERS))

    async def fetch(offset: int, limit: int) -> tuple[Sequence[UserRow], bool, int]:
        found = await call.ask(wanted.model_copy(update={"offset": offset, "limit": limit}))
        return found.rows, found.more, found.count

    rows, count = await read_list(page, fetch)
    users = tuple([await _shown(call, row) for row in rows])
    return UsersPaginated(limit=page.limit, offset=page.offset, total_count=count, users=users)


async def get_user(call: Call) -> User:
    """Return one user."""
    user_id = UserId(call.path("userId"))
    rows = (await call.ask(LoadUsers(ids=(user_id,)))).rows
    if not rows:
        raise not_found("user", user_id)
    return await _shown(call, rows[0])


def _entity(query: Mapping[str, str]) -> str:
    workspace, deployment = query.get("workspaceId", ""), query.get("deploymentId", "")
    if workspace and deployment:
        raise invalid("workspaceId and deploymentId can't be asked for together")
    return auth.workspace(workspace) if workspace else auth.deployment(deployment) if deployment else ""


async def _shown(call: Call, row: UserRow) -> User:
    roles = shown_roles(await _bindings(call, row))
    return User(
        **roles.model_dump(),
        id=row.id,
        username=row.email,
        full_name=row.full_name,
        avatar_url=row.avatar_url,
        status=_STATUS[row.status],
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


async def _bindings(call: Call, row: UserRow) -> Sequence[BindingRow]:
    """Return all roles of a user, also those that their row could not carry."""
    if not row.more_roles:
        return row.roles
    found: list[BindingRow] = []
    question = Bindings(user_ids=(row.id,))
    while True:
        page = await call.ask(question)
        found += page.rows
        if not page.more:
            return found
        question = question.model_copy(update={"after_id": page.rows[-1].id})


_GET: Final = ("system.users.get",)

OPERATIONS: Final = (
    Operation("ListUsers", "GET", "/users", (*_GET, "workspace.users.get", "deployment.users.get"), list_users),
    Operation("GetUser", "GET", "/users/{userId}", _GET, get_user),
)
"""The operations on users."""
