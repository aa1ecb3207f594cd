"""The SQL texts of this service, by their names."""

from pathlib import Path
from typing import Final

from shared.sqlfile import load_queries

QUERIES: Final = load_queries(Path(__file__).parent / "sql" / "queries.sql")
