"""Lines of one source put together to records: a traceback is one record, whatever its number of lines; no clock."""

from dataclasses import dataclass, field
from typing import Final

from services.deployments.logs.exceptions import TRACEBACK
from services.deployments.logs.parsing import Form, Head, clean, completed, read_head

MOST_LINES: Final = 1_000
MOST_BYTES: Final = 24 * 1024
"""What one record holds at most; what goes on is the next record, of the same level and task."""

LONGEST_LINE: Final = 64 * 1024
_LOW: Final = frozenset({None, "DEBUG", "INFO"})


@dataclass(slots=True)
class Assembler:
    """Takes the lines of one pipe or file in their order; what it holds back is given by the next line or `close`."""

    _head: Head | None = None
    _lines: list[str] = field(default_factory=list[str])
    _size: int = 0

    @property
    def is_open(self) -> bool:
        """Whether a record is held back because more of it may come."""
        return self._head is not None

    def take(self, line: bytes) -> list[Head]:
        """Take a line without its end, and return the records that are complete now."""
        text = clean(line[:LONGEST_LINE].decode(errors="replace"))
        found = read_head(text)
        if self._head is not None and _continues(self._head, found):
            full = len(self._lines) >= MOST_LINES or self._size + _bytes_of(text) >= MOST_BYTES
            done = self._cut() if full else []
            *before, last = _pieces(found)
            self._add(last.message)
            return [*done, *(completed(self._head, each.message) for each in before)]
        done = self.close()
        if not found.message:
            return done
        if found.form is Form.WHOLE:
            return [*done, *_pieces(found)]
        self._head = found
        *before, last = _pieces(found)
        self._add(last.message)
        return [*done, *before]

    def close(self) -> list[Head]:
        """Return the record that is held back: no more of it comes."""
        done = self._cut()
        self._head = None
        return done

    def _add(self, text: str) -> None:
        self._lines.append(text)
        self._size += _bytes_of(text) + 1

    def _cut(self) -> list[Head]:
        if self._head is None or not self._lines:
            return []
        found = completed(self._head, "\n".join(self._lines).rstrip())
        self._lines.clear()
        self._size = 0
        return [found]


def _continues(head: Head, found: Head) -> bool:
    """Say whether a line belongs to the record before it.

    What follows a text form, and what follows a traceback, does until the next line that begins a record. A traceback
    that follows what is no warning is a record of its own: something ended by it. Plain lines are a record each but for
    indented ones.
    """
    if found.form is Form.PLAIN:
        return head.form is not Form.PLAIN or found.message[:1] in {" ", "\t", ""}
    if found.form is Form.TRACEBACK and TRACEBACK in found.message:
        return head.form is Form.TRACEBACK or (head.form is not Form.PLAIN and head.level not in _LOW)
    return False


def _pieces(whole: Head) -> list[Head]:
    """Return a record of one line as the records that hold it."""
    message = whole.message
    if _bytes_of(message) <= MOST_BYTES:
        return [whole]
    step = MOST_BYTES if message.isascii() else MOST_BYTES // 4
    return [completed(whole, message[at : at + step]) for at in range(0, len(message), step)]


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
