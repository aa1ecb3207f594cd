"""Where the migrations of a service are: the kernel's first, then its own."""

from pathlib import Path

ROOT = Path(__file__).parent


def migration_folders(service: str) -> tuple[Path, ...]:
    """Return the folders whose SQL files make the database of `service`, in order."""
    return (ROOT.parent / "shared" / "sql", ROOT / service / "sql")
