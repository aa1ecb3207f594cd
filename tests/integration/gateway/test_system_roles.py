"""Roles on the system through the gateway: given once, taken away alone, and told apart from those that can't be."""

import pytest

from tests.integration.gateway.test_roles import member, sent
from tests.integration.gateway.test_whole import NOT_ALLOWED, NOT_FOUND, somebody
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_system_role_is_bound_once(aerodrome: Aerodrome) -> None:
    id_, token = await aerodrome.make_user(somebody())
    bind = sent("createSystemRoleBinding")
    made = await aerodrome.data(bind, aerodrome.admin, u=id_, r="SYSTEM_VIEWER")
    assert made["role"] == "SYSTEM_VIEWER"
    assert await aerodrome.data("{ users { id } }", token)
    refused = await aerodrome.refused(bind, aerodrome.admin, u=id_, r="SYSTEM_VIEWER")
    assert refused == ("A duplicate role binding already exists", "BAD_USER_INPUT")
    assert await aerodrome.refused(bind, token, u=id_, r="SYSTEM_ADMIN") == NOT_ALLOWED
    changed = await aerodrome.data(bind, aerodrome.admin, u=id_, r="SYSTEM_EDITOR")
    assert changed == {"id": made["id"], "role": "SYSTEM_EDITOR"}


async def test_a_system_role_alone_is_taken_away(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace()
    id_, email = await member(aerodrome, workspace)
    bound = await aerodrome.data(sent("createSystemRoleBinding"), aerodrome.admin, u=id_, r="SYSTEM_EDITOR")
    unbind = "mutation ($u: ID!) { deleteSystemRoleBinding(userId: $u) { id role } }"
    assert await aerodrome.data(unbind, aerodrome.admin, u=id_) == bound
    held = "query ($e: String) { users(email: $e) { roleBindings { role workspace { id } } } }"
    (person,) = await aerodrome.data(held, aerodrome.admin, e=email)
    assert person["roleBindings"] == [{"role": "WORKSPACE_VIEWER", "workspace": {"id": workspace}}]
    assert await aerodrome.refused(unbind, aerodrome.admin, u=id_) == NOT_FOUND
    own = aerodrome.installation.admin.id
    message, code = await aerodrome.refused(unbind, aerodrome.admin, u=own)
    assert (message.partition(".")[0], code) == ("There are no other system administrators", "INTERNAL_SERVER_ERROR")


async def test_the_list_of_roles_tells_which_can_be_given(aerodrome: Aerodrome) -> None:
    roles = await aerodrome.data("{ roles { name assignable shownAs } }", aerodrome.admin)
    told = {role["name"]: (role["assignable"], role["shownAs"]) for role in roles}
    assert told["WORKSPACE_EDITOR"] == (True, "WORKSPACE_EDITOR")
    assert told["WORKSPACE_AUTHOR"] == (False, "WORKSPACE_EDITOR")
    assert told["ORGANIZATION_MEMBER"] == (False, None)
    assert not told["USER"][0]
    schema = '{ __type(name: "Role") { enumValues { name } } }'
    given = {each["name"] for each in (await aerodrome.data(schema, aerodrome.admin))["enumValues"]}
    assert {name for name, (assignable, _) in told.items() if assignable} == given - {"USER"}
