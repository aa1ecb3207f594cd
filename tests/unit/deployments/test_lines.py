"""What a line of a component says: its level where it has one, and its text."""

import pytest

from services.deployments.logs.lines import read_line


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        ('{"timestamp": "2026-11-21T23:16:05Z", "level": "info", "event": "hi", "logger": "x"}', "INFO", "hi"),
        ('{"level": "error", "event": "broken"}', "ERROR", "broken"),
        ('{"level": "loud", "event": "x"}', None, "x"),
        ('{"event": 1}', None, '{"event": 1}'),
        ("{not json", None, "{not json"),
        ("plain text ", None, "plain text"),
        ("\x1b[32mgreen\x1b[0m", None, "green"),
        ("", None, ""),
    ],
)
def test_a_line_has_a_level_and_a_text(line: str, level: str | None, message: str) -> None:
    assert read_line(line) == (level, message)
