"""The pages behind mailed links, in a real browser, with mail from a real SMTP conversation."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.acceptance.browser import browser, picture
from tests.acceptance.client import GraphQLFailed, Houston
from tests.acceptance.conftest import PASSWORD, SIGN_IN, SIGN_UP
from tests.acceptance.stack import Stack, running_in
from tests.integration.bus import until

OTHER_PASSWORD = "staple horse battery"
ADD = 'mutation { workspaceAddUser(workspaceUuid: "%s", email: "%s", role: WORKSPACE_EDITOR) { id } }'
WHO = "query ($email: String) { users(user: { email: $email }) { fullName status } }"
MINE = "{ workspaces { id roleBindings { role user { username } } } }"


@pytest.fixture
async def window() -> AsyncIterator[BrowserContext]:
    """Give a browser; whatever a page complains of fails the test."""
    async with browser() as context:
        complaints: list[str] = []
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        yield context
        assert not complaints


def new_address() -> str:
    """Return an address that nobody has."""
    return f"jane+{uuid4().hex[:8]}@example.com"


async def invited(stack: Stack, admin: Houston, email: str) -> str:
    """Invite somebody to a new workspace; return its id."""
    made = await admin.run('mutation { createWorkspace(label: "analytics") { id } }')
    workspace: str = made["createWorkspace"]["id"]
    await admin.run(ADD % (workspace, email))
    await stack.mailed_token(email)
    return workspace


def newest_link(stack: Stack, email: str) -> str:
    """Return the link of the newest mail to an address."""
    found = re.search(r"http\S+", stack.mails(email)[0])
    assert found
    return found.group()


async def type_password(page: Page, password: str = PASSWORD) -> None:
    """Type a password where the page asks for one."""
    await page.get_by_label(re.compile("^(New p|P)assword")).fill(password)


async def test_an_invited_person_gets_in_by_the_mailed_link(
    stack: Stack, admin: Houston, anonymous: Houston, window: BrowserContext
) -> None:
    email = new_address()
    workspace = await invited(stack, admin, email)
    page = await window.new_page()
    await page.goto(newest_link(stack, email))
    await expect(page.get_by_role("heading", name="Accept your invitation")).to_be_visible()
    await expect(page.get_by_label("E-mail address")).to_have_value(email)
    await page.get_by_label("Full name").fill("Jane Doe")
    await type_password(page)
    await picture(page, "signup")
    await page.get_by_role("button", name="Sign up").click()
    await expect(page.get_by_role("heading", name="Welcome")).to_be_focused()
    await expect(page.get_by_text(f"You are signed in as {email}.")).to_be_visible()
    await expect(page.get_by_role("listitem")).to_have_text("analytics")
    await picture(page, "welcome")
    assert "token" not in page.url
    signed = await anonymous.run(SIGN_IN, {"identity": email, "password": PASSWORD})
    mine = await anonymous.as_(signed["createToken"]["token"]["value"]).run(MINE)
    (seen,) = mine["workspaces"]
    assert seen["id"] == workspace
    assert {"role": "WORKSPACE_EDITOR", "user": {"username": email}} in seen["roleBindings"]
    users = await admin.run(WHO, {"email": email})
    assert users["users"] == [{"fullName": "Jane Doe", "status": "active"}]


async def test_it_is_all_done_by_keyboard(stack: Stack, admin: Houston, window: BrowserContext) -> None:
    email = new_address()
    await invited(stack, admin, email)
    page = await window.new_page()
    await page.goto(newest_link(stack, email))
    await expect(page.get_by_role("heading", name="Accept your invitation")).to_be_visible()
    keyboard = page.keyboard
    for stop in ("E-mail address", "Full name (optional)", "Password"):
        await keyboard.press("Tab")
        await expect(page.get_by_label(stop, exact=True)).to_be_focused()
    await keyboard.type("short")
    await keyboard.press("Tab")
    await keyboard.press("Space")
    await expect(page.get_by_label("Show the password")).to_be_checked()
    await keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Sign up")).to_be_focused()
    await keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_role("alert")).to_contain_text("8")
    for _ in range(3):
        await keyboard.press("Tab")
    await expect(page.get_by_label("Password", exact=True)).to_be_focused()
    await keyboard.press("Control+A")
    await keyboard.type(PASSWORD)
    await keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Welcome")).to_be_focused()


async def test_of_two_browsers_with_one_link_one_gets_in_and_the_other_is_told(
    stack: Stack, admin: Houston, window: BrowserContext
) -> None:
    email = new_address()
    await invited(stack, admin, email)
    async with browser() as second:
        pages = [await window.new_page(), await second.new_page()]
        for page in pages:
            await page.goto(newest_link(stack, email))
            await type_password(page)
        for page in pages:
            await page.evaluate("document.getElementById('send').click()")
        for page in pages:
            await expect(page.get_by_role("heading", name="Welcome").or_(page.get_by_role("alert"))).to_be_visible()
        said = [text for page in pages for text in await page.get_by_role("alert").all_inner_texts()]
    assert len(said) == 1
    assert re.search("already|was used", said[0])


async def test_a_used_link_says_so(stack: Stack, admin: Houston, anonymous: Houston, window: BrowserContext) -> None:
    email = new_address()
    await invited(stack, admin, email)
    token = await stack.mailed_token(email)
    await anonymous.run(SIGN_UP, {"email": email, "password": PASSWORD, "token": token})
    page = await window.new_page()
    await page.goto(newest_link(stack, email))
    await type_password(page)
    await page.get_by_role("button", name="Sign up").click()
    await expect(page.get_by_role("alert")).to_contain_text(
        "used or withdrawn, has expired, or its workspace was deleted"
    )


async def test_the_first_page_says_how_to_sign_in(stack: Stack, window: BrowserContext) -> None:
    page = await window.new_page()
    await page.goto(f"{stack.url}/")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.get_by_role("link", name="Choose a password")).to_have_attribute("href", "/reset-password")
    await picture(page, "index")


async def test_without_an_invitation_sign_ups_are_closed(stack: Stack, window: BrowserContext) -> None:
    page = await window.new_page()
    await page.goto(f"{stack.url}/signup")
    await expect(page.get_by_role("heading", name="Sign-ups are by invitation")).to_be_focused()


async def test_a_forgotten_password_is_chosen_anew(
    stack: Stack, admin: Houston, anonymous: Houston, window: BrowserContext
) -> None:
    email = new_address()
    await invited(stack, admin, email)
    token = await stack.mailed_token(email)
    await anonymous.run(SIGN_UP, {"email": email, "password": PASSWORD, "token": token})
    page = await window.new_page()
    await page.goto(f"{stack.url}/reset-password")
    await page.get_by_label("E-mail address").fill(email)
    await picture(page, "forgot-password")
    await page.get_by_role("button", name="Send me a link").click()
    await expect(page.get_by_role("heading", name="Look into your mail")).to_be_focused()
    link = await new_link(stack, email, "/reset-password")
    await page.goto(link)
    await type_password(page, OTHER_PASSWORD)
    await picture(page, "reset-password")
    await page.get_by_role("button", name="Change the password").click()
    await expect(page.get_by_role("heading", name="Your password is changed")).to_be_focused()
    assert (await anonymous.run(SIGN_IN, {"identity": email, "password": OTHER_PASSWORD}))["createToken"]
    with pytest.raises(GraphQLFailed):
        await anonymous.run(SIGN_IN, {"identity": email, "password": PASSWORD})
    await page.goto(link)
    await type_password(page)
    await page.get_by_role("button", name="Change the password").click()
    await expect(page.get_by_role("alert")).to_contain_text("used or has expired")
    await expect(page.get_by_role("link", name="Have a new link mailed to me")).to_be_visible()


async def test_a_stranger_confirms_their_address_where_sign_ups_are_open(
    quick_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: BrowserContext
) -> None:
    monkeypatch.setenv("AERODROME_PUBLIC_SIGNUPS", "true")
    email = new_address()
    with running_in(quick_folder, tmp_path) as open_stack:
        page = await window.new_page()
        for who, heading in (("first@example.com", "Welcome"), (email, "Confirm your address")):
            await page.goto(f"{open_stack.url}/signup")
            await page.get_by_label("E-mail address").fill(who)
            await type_password(page)
            await page.get_by_role("button", name="Sign up").click()
            await expect(page.get_by_role("heading", name=heading)).to_be_focused()
        link = await new_link(open_stack, email, "/verify")
        await page.goto(link)
        await picture(page, "verify")
        await page.get_by_role("button", name="Confirm my address").click()
        await expect(page.get_by_role("heading", name="Your address is confirmed")).to_be_focused()
        await page.goto(link)
        await page.get_by_role("button", name="Confirm my address").click()
        await expect(page.get_by_role("alert")).to_contain_text("was used or has expired")


async def new_link(stack: Stack, email: str, path: str) -> str:
    """Return a mailed link to a page once it has come."""
    await until(lambda: any(path in body for body in stack.mails(email)))
    return next(found.group() for body in stack.mails(email) if (found := re.search(rf"http\S+{path}\S+", body)))
