"""Letters say what they must, link to the public URL only, and nothing in them can break out of its place."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.invites.mail.letters import Invitation, invitation, link, one_line

URL = "https://aerodrome.example.com"
FACTS = Invitation(
    name="",
    workspace="",
    organization="Flight School",
    token="cm3x.a-b_c",
    expires_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC),
)


def test_the_letter_of_an_invitation_carries_the_sign_up_link_in_both_forms() -> None:
    letter = invitation(FACTS, public_url=URL)
    assert "\nhttps://aerodrome.example.com/signup?token=cm3x.a-b_c\n" in letter.text
    assert letter.html.count('href="https://aerodrome.example.com/signup?token=cm3x.a-b_c"') == 2
    assert letter.subject == "Your invitation to Flight School"
    assert "until 4 March 2026, 05:06 UTC" in letter.text


def test_the_letter_names_the_workspace_when_there_is_one() -> None:
    letter = invitation(replace(FACTS, workspace="Analytics"), public_url=URL)
    assert letter.subject == "Your invitation to Analytics"
    assert 'the workspace "Analytics" of Flight School' in letter.text
    assert "<strong>Analytics</strong> of <strong>Flight School</strong>" in letter.html


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
