"""Finds the migration files of a folder and gives them to Alembic as revisions."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import Invalid

NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True, kw_only=True)
class MigrationFile:
    """One SQL file of a branch; a branch is named after the room that holds the folder `sql`."""

    branch: str
    number: int
    path: Path
    text: str

    @property
    def revision(self) -> str:
        """Alembic's name of it, such as `identity_0001`."""
        return f"{self.branch}_{self.number:04}"

    @property
    def checksum(self) -> str:
        """Digest of the text; a merged file never changes."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read_folder(folder: Path) -> list[MigrationFile]:
    """Return the migrations of a folder in order; other files, such as queries.sql, are left aside.

    Raises Invalid if a number is missing or taken twice.
    """
    found: list[MigrationFile] = []
    for path in sorted(folder.glob("*.sql")):
        if match := NAME.fullmatch(path.name):
            text = path.read_text(encoding="utf-8")
            number = int(match["number"])
            found.append(MigrationFile(branch=folder.parent.name, number=number, path=path, text=text))
    _check_numbers(folder, [file.number for file in found])
    return found


def _check_numbers(folder: Path, numbers: Sequence[int]) -> None:
    expected = list(range(1, len(numbers) + 1))
    if list(numbers) != expected:
        raise Invalid(f"{folder} holds migrations {list(numbers)}, expected {expected}")
