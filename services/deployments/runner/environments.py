"""The Python environments of the local runner: one a version, extras and interpreter, shared by its deployments."""

import asyncio
import fcntl
import logging
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uv

from services.deployments.runner.accounts import open_to_all
from services.deployments.runner.interpreters import interpreter, is_shared
from services.deployments.runner.processes import Command, run_step
from services.deployments.runner.versions import Version
from shared.errors import Unavailable

log = logging.getLogger(__name__)

_STEP_S: Final = 600.0
_LOOK_S: Final = 0.1
_LOCK: Final = ".lock"
_HALF: Final = ".half"
_COMPILE: Final = "import compileall, sys; compileall.compile_dir(sys.argv[1], quiet=2, workers=0)"
"""Ends with 0 also where a package holds files of other Pythons."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A whole environment; `program` starts Airflow's command line."""

    path: Path

    @property
    def scripts(self) -> Path:
        """The folder of its programs."""
        return self.path / "bin"

    @property
    def program(self) -> tuple[str, ...]:
        """The words that every command of Airflow begins with."""
        return str(self.scripts / "python"), str(self.scripts / "airflow")


@dataclass(frozen=True, slots=True)
class Environments:
    """The environments below `folder`; several processes may share it."""

    folder: Path

    async def ensure(self, version: Version, extras: Sequence[str] = ("postgres",)) -> Environment:
        """Return the environment of a version, built if it is not there; whoever asks meanwhile waits for the same.

        Raises StepFailed with the step and the last lines if it can't be built; then nothing is left of it.
        """
        special = (version.recipe(extras), "shared" if is_shared() else "")
        python = f"py3.{sys.version_info.minor}"
        name = "-".join(("airflow", version.number, *sorted(extras), python, *filter(None, special)))
        whole = self.folder / name
        if not whole.exists():
            self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            async with _held(self.folder / f"{name}{_LOCK}"):
                if not whole.exists():
                    await self._build(version, extras, whole)
        if is_shared():
            self.folder.chmod(0o755)
        return Environment(whole)

    def sweep(self) -> list[str]:
        """Remove what builders that are gone have left half-built; returns the names."""
        left = [path for path in self.folder.glob(f"*{_HALF}") if self._remove_half(path)]
        return [path.name for path in left]

    def _remove_half(self, path: Path) -> bool:
        with _tried(self.folder / f"{path.name.removesuffix(_HALF)}{_LOCK}") as free:
            if free:
                shutil.rmtree(path, ignore_errors=True)
        return free

    async def _build(self, version: Version, extras: Sequence[str], whole: Path) -> None:
        half = whole.with_name(whole.name + _HALF)
        await asyncio.to_thread(shutil.rmtree, half, ignore_errors=True)
        try:
            await self._uv("make", version, "venv", "--relocatable", "--python", interpreter(version), str(half))
            requirement = f"apache-airflow[{','.join(sorted(extras))}]=={version.number}"
            # fmt: off
            await self._uv(
                "install", version, "pip", "install", "--python", str(half / "bin/python"), "--no-build",
                "--overrides", str(_left_out(half, version.line.left_out)),
                "--exclude-newer", version.exclude_newer.isoformat(), requirement,
                *(version.pinned[extra] for extra in extras if extra in version.pinned),
            )
            # fmt: on
            await self._compile(version, half)
            _run_at_start(half, version.line.at_start)
            if is_shared():
                await asyncio.to_thread(open_to_all, half)
            await asyncio.to_thread(os.sync)  # so that it is whole after a power cut too
            half.rename(whole)
        finally:
            await asyncio.to_thread(shutil.rmtree, half, ignore_errors=True)
        log.info("airflow installed", extra={"airflow": version.number, "folder": str(whole)})

    async def _compile(self, version: Version, half: Path) -> None:
        """Compile what was installed, by the interpreter alone: the environment's own would run code of packages."""
        program = (str((half / "bin/python").resolve()), "-I", "-c", _COMPILE, str(half / "lib"))
        command = Command(program=program, environment=_outside(), folder=self.folder)
        await run_step(f"compile airflow {version.number}", command, timeout_s=_STEP_S)

    async def _uv(self, step: str, version: Version, *words: str) -> None:
        options = ("--system-certs", "--no-python-downloads", "--no-progress")
        command = Command(program=(_uv(), *words, *options), environment=_outside(), folder=self.folder)
        await run_step(f"{step} airflow {version.number}", command, timeout_s=_STEP_S)


def _run_at_start(environment: Path, lines: Sequence[str]) -> None:
    """Have every interpreter of an environment run these lines at its start, by a file of the module `site`."""
    for packages in environment.glob("lib/python*/site-packages"):
        (packages / "aerodrome.pth").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _left_out(environment: Path, packages: Sequence[str]) -> Path:
    """Write the file that has uv leave these packages out."""
    path = environment / "left-out.txt"
    path.write_text("".join(f"{name}; python_version < '3'\n" for name in packages), encoding="utf-8")
    return path


def _outside() -> dict[str, str]:
    """Return our environment without our own settings: uv reads its cache, mirrors and proxies from it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AERODROME_")}


def _uv() -> str:
    try:
        return uv.find_uv_bin()
    except FileNotFoundError as error:
        raise Unavailable("the program of the package uv is missing") from error


@contextmanager
def _tried(path: Path) -> Generator[bool, None, None]:
    """Try to take a lock of this machine; it is ours, if it is, until the end."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


@asynccontextmanager
async def _held(path: Path) -> AsyncGenerator[None, None]:
    """Wait for a lock of this machine and hold it."""
    while True:
        with _tried(path) as ours:
            if ours:
                yield
                return
        await asyncio.sleep(_LOOK_S)
