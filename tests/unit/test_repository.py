"""What every file of the repository keeps to: sizes, and nothing that ties it to one machine or registry."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE_LINES = 300
FUNCTION_LINES = 40
# Written in two halves so that this file passes its own test.
HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "registry" + ".npmjs", "docker" + ".io")
OPTIONS = ("--index" + "-url", "--find" + "-links", "--extra-index" + "-url")
PATHS = re.compile(r"(?<![\w.-])/(?:root|work|home/\w+|Users/\w+|tmp/aero)/")
NOT_OURS = ("services/gateway/static/playground/",)  # other people's assets, as published


def committed(pattern: str = "*") -> list[Path]:
    """Return the files that are committed or about to be."""
    command = ["git", "ls-files", "--cached", "--", pattern]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in names if not name.startswith(NOT_OURS) and (ROOT / name).is_file()]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a file with its number of lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def test_no_file_has_more_than_300_lines() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in committed("*.py")}
    assert sizes
    assert {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > FILE_LINES} == {}


def test_no_function_has_more_than_40_lines() -> None:
    sizes = dict(found for path in committed("*.py") for found in functions(path))
    assert sizes
    assert {name: size for name, size in sizes.items() if size > FUNCTION_LINES} == {}


def test_no_file_names_a_registry_or_a_folder_of_one_machine() -> None:
    found: list[str] = []
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if any(word in line for word in (*HOSTS, *OPTIONS)) or PATHS.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_the_lock_names_every_package_with_a_hash() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.split(r"\n(?=\S)", text.strip())
    assert len(packages) > 50
    for package in packages:
        assert re.match(r"[a-z0-9.-]+==\S+", package), package[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", package), package[:80]
