"""The tables of identity and its named queries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.identity.sql.sorted import compose
from shared.sqlfile import load_folder

FOLDER: Final = Path(__file__).parent

QUERIES: Final[Mapping[str, str]] = {**load_folder(FOLDER / "queries"), **compose(FOLDER / "sorted")}
"""Every named query of the service."""
