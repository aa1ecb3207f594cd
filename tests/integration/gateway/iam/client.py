"""A client of the IAM REST interface, and the people who use it, as tests need them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.integration.gateway.test_whole import somebody
from tests.integration.gateway.whole import Aerodrome

NO_ACCESS = "You do not have permission to perform this action"


@dataclass(frozen=True)
class Iam:
    """The interface as one caller sees it; `organization` is the id in every path."""

    aerodrome: Aerodrome
    token: str
    organization: str

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Return status and body of a call below the organization; every error has the form of an error."""
        told = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        url = f"{self.aerodrome.door.url}/iam/v1beta1/organizations/{self.organization}{path}"
        async with self.aerodrome.door.session.request(
            method, url, data=data, params=list(query), headers=told
        ) as answer:
            status, id_ = answer.status, answer.headers["X-Request-Id"]
            if status == 204:
                assert await answer.read() == b""
                return status, None
            assert answer.content_type == "application/json"
            found = await answer.json()
        if status != 200:
            assert found["statusCode"] == status
            assert found["requestId"] == id_
            assert found["message"]
        return status, found

    async def done(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """Return the body of a call that succeeds."""
        status, found = await self.call(method, path, body, query=list(query.items()))
        assert status in {200, 204}, found
        return found

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Return status and message of a call that does not."""
        status, found = await self.call(method, path, body)
        assert status >= 400, found
        return status, found["message"]

    async def team(self, *members: str, **fields: Any) -> dict[str, Any]:
        """Return a new team."""
        made: dict[str, Any] = await self.done(
            "POST", "/teams", {"name": f"team-{uuid4().hex[:6]}", "memberIds": list(members), **fields}
        )
        return made


async def iam_of(aerodrome: Aerodrome, token: str = "") -> Iam:
    """Return the interface as the holder of a token sees it, by default the administrator."""
    (row,) = await aerodrome.installation.fetch(
        "identity", "select stream from events where type_name = 'organization.created'"
    )
    return Iam(aerodrome, token or aerodrome.admin, row["stream"].removeprefix("organization-"))


async def colleague(aerodrome: Aerodrome, role: str = "", entity: str = "SYSTEM") -> tuple[str, Iam]:
    """Return a new person's id, and the interface as they see it; their role is given through a team."""
    user_id, token = await aerodrome.make_user(somebody())
    admin = await iam_of(aerodrome)
    if role and entity == "SYSTEM":
        await admin.team(user_id, organizationRole=role)
    elif role:
        team = await admin.team(user_id)
        roles = {"organizationRole": "ORGANIZATION_MEMBER", "workspaceRoles": [{"workspaceId": entity, "role": role}]}
        await admin.done("POST", f"/teams/{team['id']}/roles", roles)
    return user_id, await iam_of(aerodrome, token)
