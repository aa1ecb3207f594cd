"""The tables of identity and its named queries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from shared.sqlfile import load_folder

FOLDER: Final = Path(__file__).parent

QUERIES: Final[Mapping[str, str]] = load_folder(FOLDER / "queries")
"""Every named query of the service."""
