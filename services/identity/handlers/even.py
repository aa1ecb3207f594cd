"""Answers that come at even times, so that how long one took tells nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from shared.errors import Rejected

EVERY_S: Final = 0.25


@asynccontextmanager
async def evened_refusals() -> AsyncGenerator[None]:
    """Let a refusal of the block out at the next full EVERY_S since its beginning."""
    began = asyncio.get_running_loop().time()
    try:
        yield
    except Rejected:
        await even_out(began)
        raise


async def even_out(began: float) -> None:
    """Return at the next multiple of EVERY_S since `began`, a time of the event loop."""
    spent = asyncio.get_running_loop().time() - began
    await asyncio.sleep(EVERY_S - spent % EVERY_S)
