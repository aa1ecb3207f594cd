"""The wishes about the roles of people on the system, a workspace or a deployment."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from services.identity.contract.commands.wish import Wish
from services.identity.contract.ids import BindingId, UserId, new_binding_id
from services.identity.contract.permissions import Interface, Role
from services.identity.contract.rows import Bound, GroupRow
from shared.messages import Generated


class BindMode(StrEnum):
    """What a person may hold on the entity already.

    ADD: nothing, else it is a duplicate. RAISE: a weaker role, which is changed, else it is a duplicate. REPLACE:
    another role, which is changed; the same is a duplicate. SET: anything; another role is changed, the same stays.
    CHANGE: some role, which is changed or stays.
    """

    ADD = "add"
    RAISE = "raise"
    REPLACE = "replace"
    SET = "set"
    CHANGE = "change"


class BindUser(Wish[Bound]):
    """Give a person a role on `entity`: `system`, `workspace:<id>` or `deployment:<id>`; one role an entity.

    The person is named by id or by address; both must mean the same. Roles are compared as `interface` shows them.
    Permission: system.iam.update, workspace.iam.update, or deployment.userRoles.update on the deployment or its
    workspace; and every permission of `role`. Rejected: invalid_role, duplicate_binding, user_already_invited,
    last_admin. NotFound for an unknown person or entity, and with CHANGE where the person holds nothing there.
    """

    subject: ClassVar[str] = "identity.command.bind_user"

    entity: str
    role: Role
    user_id: str = ""
    email: str = Field(default="", repr=False)
    mode: BindMode = BindMode.ADD
    interface: Interface = Interface.GRAPHQL
    binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class UnbindUser(Wish[Bound]):
    """Take away a person's role on an entity; the answer holds it as it was.

    Permission as for BindUser, without that of the role. Rejected: last_admin. NotFound where nothing is held.
    """

    subject: ClassVar[str] = "identity.command.unbind_user"

    entity: str
    user_id: str = ""
    email: str = Field(default="", repr=False)


class AddGroupUser(Wish[GroupRow]):
    """Give a person the role of a group, as BindUser with RAISE.

    Permission: system.iam.update for a group of the system, else workspace.iam.update. Rejected: fixed_group for the
    group that everybody is in, and what BindUser may come to.
    """

    subject: ClassVar[str] = "identity.command.add_group_user"

    group_id: str
    user_id: UserId
    binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class RemoveGroupUser(Wish[GroupRow]):
    """Take a group's role away from a person; nothing happens to one who does not hold it.

    Permission and refusals as for AddGroupUser; also last_admin.
    """

    subject: ClassVar[str] = "identity.command.remove_group_user"

    group_id: str
    user_id: UserId
