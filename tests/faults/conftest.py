"""A product of its own for each fault test, so that one test's wreck is not another's start."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.acceptance.client import Houston
from tests.acceptance.conftest import PASSWORD, SIGN_UP
from tests.acceptance.stack import Stack, running


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Start a fresh product."""
    with running(tmp_path / "aerodrome") as stack:
        yield stack


@pytest.fixture
async def admin(stack: Stack) -> AsyncIterator[Houston]:
    """Sign the first user up."""
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        anonymous = Houston(stack.url, session)
        signed = await anonymous.run(SIGN_UP, {"email": stack.admin_email, "password": PASSWORD})
        yield anonymous.as_(signed["createUser"]["token"]["value"])
