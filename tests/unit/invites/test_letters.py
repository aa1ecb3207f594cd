"""Letters say what they must, link to the public URL only, and nothing in them can break out of its place."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.invites.mail.letters import (
    Addition,
    Invitation,
    Linked,
    confirmation,
    invitation,
    link,
    one_line,
    password_changed,
    reset,
    workspace_added,
)

URL = "https://aerodrome.example.com"
FACTS = Invitation(
    address="jane+ci@example.com",
    name="",
    workspace="",
    organization="Flight School",
    token="cm3x.a-b_c",
    expires_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC),
)


def test_the_letter_of_an_invitation_carries_the_sign_up_link_in_both_forms() -> None:
    letter = invitation(FACTS, public_url=URL)
    link_ = "https://aerodrome.example.com/signup?token=cm3x.a-b_c#email=jane%2Bci%40example.com"
    assert f"\n{link_}\n" in letter.text
    assert letter.html.count(f'href="{link_}"') == 2
    assert letter.subject == "Your invitation to Flight School"
    assert "until 4 March 2026, 05:06 UTC" in letter.text


def test_the_letter_names_the_workspace_when_there_is_one() -> None:
    letter = invitation(replace(FACTS, workspace="Analytics"), public_url=URL)
    assert letter.subject == "Your invitation to Analytics"
    assert 'the workspace "Analytics" of Flight School' in letter.text
    assert "<strong>Analytics</strong> of <strong>Flight School</strong>" in letter.html


def test_the_letter_tells_the_role_who_invites_and_what_comes_along() -> None:
    facts = replace(FACTS, workspace="Analytics", role="WORKSPACE_EDITOR", added_by="Ann <b>Lee", deployment_roles=2)
    letter = invitation(replace(facts, teams=("Crew", "R&D\r\nBcc: x")), public_url=URL)
    told = (
        "with the role WORKSPACE_EDITOR by Ann <b>Lee. With it come places in the teams Crew, R&D Bcc: x and roles on 2"
    )
    assert told in letter.text
    assert "by Ann &lt;b&gt;Lee. With it come places in the teams Crew, R&amp;D Bcc: x and roles" in letter.html
    alone = invitation(FACTS, public_url=URL)
    assert "invited to Flight School. Choose a password" in alone.text


def test_what_users_named_is_escaped_in_html_and_not_in_text() -> None:
    letter = invitation(replace(FACTS, workspace="R&D <script>alert(1)</script>"), public_url=URL)
    assert "<script>" not in letter.html
    assert "R&amp;D &lt;script&gt;" in letter.html
    assert 'the workspace "R&D <script>alert(1)</script>"' in letter.text


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_a_name_or_label_never_begins_a_line_of_its_own(break_: str) -> None:
    label = f"Team{break_}Bcc: eve@example.com"
    letter = invitation(replace(FACTS, workspace=label, name=label), public_url=URL)
    assert letter.subject == "Your invitation to Team Bcc: eve@example.com"
    assert not any(line.startswith("Bcc:") for line in letter.text.splitlines())


def test_the_direction_of_text_cannot_be_turned() -> None:
    assert one_line("evil\u202etxt.exe\u2066") == "eviltxt.exe"
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert one_line(family) == family


def test_a_link_keeps_the_path_of_the_public_url_and_encodes_its_token() -> None:
    assert link(f"{URL}/console/", "/signup", token="a&b=c/d e") == f"{URL}/console/signup?token=a%26b%3Dc%2Fd%20e"


def test_an_endless_label_does_not_make_an_endless_subject() -> None:
    assert len(invitation(replace(FACTS, workspace="w" * 5000), public_url=URL).subject) == 200


LINKED = Linked(
    name="Jane <b>Doe",
    organization="Flight School",
    token="cm3x.a-b_c",
    expires_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC),
)


def test_the_letters_of_an_account_carry_their_own_link_in_both_forms() -> None:
    for letter, path in (
        (confirmation(LINKED, public_url=URL), "verify"),
        (reset(LINKED, public_url=URL), "reset-password"),
    ):
        address = f"{URL}/{path}?token=cm3x.a-b_c"
        assert f"\n{address}\n" in letter.text
        assert letter.html.count(f'href="{address}"') == 2
        assert "until 4 March 2026, 05:06 UTC" in letter.text
        assert "<b>" not in letter.html


def test_who_has_no_password_is_not_told_that_it_stays() -> None:
    stays, none = "your password stays as it is", "has no password"
    for letter, told, untold in (
        (reset(LINKED, public_url=URL), stays, none),
        (reset(replace(LINKED, has_password=False), public_url=URL), none, stays),
    ):
        assert told in letter.text
        assert told in letter.html
        assert untold not in letter.text + letter.html


def test_the_notice_of_a_new_password_holds_no_link() -> None:
    letter = password_changed(name="Jane", organization="Flight School")
    assert letter.subject == "Your password for Flight School was changed"
    assert "http" not in letter.text + letter.html


ADDED = Addition(
    name="Jane", workspace="Analytics", organization="Flight School", role="WORKSPACE_EDITOR", added_by="Ann Lee"
)


def test_who_is_added_to_a_workspace_reads_where_as_what_by_whom_and_gets_the_public_url() -> None:
    letter = workspace_added(ADDED, public_url=f"{URL}/console")
    assert letter.subject == "You were added to Analytics"
    told = 'added to the workspace "Analytics" of Flight School with the role WORKSPACE_EDITOR by Ann Lee. Sign in'
    assert told in letter.text
    assert f"\n{URL}/console/\n" in letter.text
    assert letter.html.count(f'href="{URL}/console/"') == 2
    assert "with the role WORKSPACE_EDITOR by Ann Lee. Sign in" in letter.html


def test_who_is_added_and_has_no_password_is_led_to_where_one_is_chosen() -> None:
    letter = workspace_added(replace(ADDED, has_password=False), public_url=f"{URL}/")
    assert "Sign in as usual" not in letter.text + letter.html
    for text in (letter.text, letter.html):
        assert "You have no password yet" in text
        assert f"{URL}/reset-password" in text


def test_nobody_is_named_where_who_added_them_is_gone() -> None:
    letter = workspace_added(replace(ADDED, added_by=""), public_url=URL)
    assert "with the role WORKSPACE_EDITOR. Sign in" in letter.text


def test_neither_a_label_nor_a_name_breaks_out_of_the_letter_of_an_addition() -> None:
    evil = "x\r\nBcc: eve@example.com\u2028<b>"
    letter = workspace_added(replace(ADDED, workspace=evil, added_by=evil, name=evil), public_url=URL)
    assert letter.subject == "You were added to x Bcc: eve@example.com <b>"
    assert not any(line.startswith("Bcc:") for line in letter.text.splitlines())
    assert "<b>" not in letter.html
