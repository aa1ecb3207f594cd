"""A real browser, where this machine has one."""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS: Final = ("--no-sandbox", "--disable-background-networking")
_PICTURES: Final = "SCREENSHOTS"
"""The variable with the folder that pictures of pages go to, if any."""


@asynccontextmanager
async def browser() -> AsyncGenerator[BrowserContext]:
    """Give a private window of Chromium; skip the test where there is none."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("no Chromium here: install one, or name it in CHROMIUM")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=found, args=[*_FLAGS])
        try:
            context = await running.new_context(viewport={"width": 900, "height": 820}, color_scheme="light")
            context.set_default_timeout(10_000)  # 10 s
            yield context
        finally:
            await running.close()


async def picture(page: Page, name: str) -> None:
    """Keep a picture of a page for the documents, where somebody wants one."""
    folder = os.environ.get(_PICTURES)
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png")
