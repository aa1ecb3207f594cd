"""The SQL of invites: migrations, and the named queries of queries.sql."""

from pathlib import Path
from typing import Final

from shared.sqlfile import load_queries

FOLDER: Final = Path(__file__).parent
QUERIES: Final = load_queries(FOLDER / "queries.sql")
