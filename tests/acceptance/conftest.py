"""One running product for all acceptance tests; each test makes its own people and workspaces."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.acceptance.client import Houston
from tests.acceptance.stack import Stack, running_in

PASSWORD = "correct horse battery"
SIGN_UP = """mutation ($email: String!, $password: String!, $token: String) {
  createUser(email: $email, password: $password, inviteToken: $token) { user { id uuid status } token { value } }
}"""
SIGN_IN = """mutation ($identity: String, $password: String!) {
  createToken(identity: $identity, password: $password) { token { value } }
}"""


@pytest.fixture(scope="session")
def stack(quick_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start a fresh product whose first user, the administrator, has signed up."""
    with running_in(quick_folder, tmp_path_factory.mktemp("aerodrome")) as stack:
        asyncio.run(sign_up(stack))
        yield stack


async def sign_up(stack: Stack) -> None:
    """Make the administrator."""
    async with aiohttp.ClientSession() as session:
        await Houston(stack.url, session).run(SIGN_UP, {"email": stack.admin_email, "password": PASSWORD})


@pytest.fixture
async def anonymous(stack: Stack) -> AsyncIterator[Houston]:
    """Give a client without a credential."""
    async with aiohttp.ClientSession() as session:
        yield Houston(stack.url, session)


@pytest.fixture
async def admin(stack: Stack, anonymous: Houston) -> Houston:
    """Sign the first user in."""
    signed = await anonymous.run(SIGN_IN, {"identity": stack.admin_email, "password": PASSWORD})
    return anonymous.as_(signed["createToken"]["token"]["value"])
