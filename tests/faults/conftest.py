"""A product for each file of fault tests; a test tells its own things from those of the tests before it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.acceptance.client import Houston
from tests.acceptance.conftest import PASSWORD, SIGN_IN, sign_up
from tests.acceptance.stack import Stack, running_in
from tests.faults.backstage import Backstage


@pytest.fixture(scope="module")
def stack(quick_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start a product; its first user has signed up."""
    with running_in(quick_folder, tmp_path_factory.mktemp("aerodrome")) as stack:
        asyncio.run(sign_up(stack))
        yield stack


@pytest.fixture
async def admin(stack: Stack) -> AsyncIterator[Houston]:
    """Sign the first user in."""
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        anonymous = Houston(stack.url, session)
        signed = await anonymous.run(SIGN_IN, {"identity": stack.admin_email, "password": PASSWORD})
        yield anonymous.as_(signed["createToken"]["token"]["value"])


@pytest.fixture
async def backstage(stack: Stack) -> Backstage:
    """Look behind the product's doors; of events, those are seen that come after this."""
    return await Backstage.from_now(stack)
