"""A small Houston client over real HTTP: what a user's script does, and no more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

JSON = Mapping[str, Any]


class GraphQLFailed(AssertionError):
    """The answer held errors; `codes` are their extension codes, in order."""

    def __init__(self, answer: JSON) -> None:
        super().__init__(str(answer.get("errors")))
        self.answer = answer
        self.codes = [error["extensions"]["code"] for error in answer["errors"]]
        self.messages = [error["message"] for error in answer["errors"]]


@dataclass
class Houston:
    """One user of one gateway; `authorization` goes into the header of that name (or of `header`) as it stands."""

    url: str
    session: aiohttp.ClientSession
    authorization: str = ""
    header: str = "Authorization"

    async def answer(
        self, document: str, variables: JSON | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, JSON]:
        """Return HTTP status and body of one document."""
        sent = dict(headers or {})
        if self.authorization:
            sent[self.header] = self.authorization
        body = {"query": document, "variables": variables}
        async with self.session.post(f"{self.url}/v1", json=body, headers=sent) as response:
            return response.status, await response.json()

    async def run(self, document: str, variables: JSON | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """Return `data` of one document; raise GraphQLFailed when the answer holds errors."""
        _, answer = await self.answer(document, variables, headers)
        if "errors" in answer:
            raise GraphQLFailed(answer)
        return answer["data"]

    def as_(self, authorization: str, *, header: str = "Authorization") -> "Houston":
        """Return the same client with another credential."""
        return Houston(self.url, self.session, authorization, header)
