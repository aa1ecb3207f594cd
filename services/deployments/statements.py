"""The SQL texts of this service, by their names."""

from pathlib import Path
from typing import Final

from shared.sqlfile import load_queries

_SQL: Final = Path(__file__).parent / "sql"

QUERIES: Final = load_queries(_SQL / "queries.sql")
LOG_QUERIES: Final = load_queries(_SQL / "log_history.sql")
