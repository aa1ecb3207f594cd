"""The page about errors names all that clients can meet."""

from pathlib import Path

from services.gateway.errors import BY_RULE, NOT_ALLOWED, Code

PAGE = (Path(__file__).parents[3] / "docs" / "errors.md").read_text(encoding="utf-8")


def test_every_code_stands_on_the_page() -> None:
    assert [code for code in Code if f"`{code}`" not in PAGE] == []


def test_the_texts_that_it_quotes_are_the_ones_of_the_table() -> None:
    text = " ".join(PAGE.split())
    told = {each.message for each in BY_RULE.values() if each.code is Code.INTERNAL} | {NOT_ALLOWED.message}
    quoted = {
        "Invalid password and username combination",
        "There are no other system administrators.",
        "You must first deprovision all deployments before you can delete your workspace.",
        "Public sign ups are disabled,",
        "Maximum CPU for pod exceeded",
        NOT_ALLOWED.message,
    }
    for each in quoted:
        assert f"`{each}" in text
        assert any(message.startswith(each) for message in told)
