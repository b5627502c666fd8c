"""The Dockerfile's own steps, performed in a folder: where no image can be built, they are at least no guess.

Only what the Dockerfile uses is understood; anything else raises, so that it cannot be left out by accident. A virtual
environment takes the place of the base image's Python.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Image:
    """The image as the steps made it: a folder, variables, a user and the commands to run in it."""

    base: Path
    variables: dict[str, str]
    folder: Path = Path()
    user: int | None = None
    group: int | None = None
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    stop_signal: signal.Signals = signal.SIGKILL

    def start(self, words: list[str], **variables: str) -> subprocess.Popen[str]:
        """Start a command as the image's user, with its variables and these."""
        may_change_user = os.geteuid() == 0 and _open_to_all(Path(sys.base_prefix))
        return subprocess.Popen(
            words,
            cwd=self.folder,
            env={**self.variables, **variables},
            user=self.user if may_change_user else None,
            group=self.group if may_change_user else None,
            extra_groups=[] if may_change_user else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _open_to_all(path: Path) -> bool:
    """True if nobody can reach a folder: a Python in somebody's home cannot be run by another user."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """The Dockerfile's lines, without comments."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest.strip()


def build(base: Path, dockerfile: str = "Dockerfile") -> Image:
    """Perform every step of a Dockerfile in ``base``."""
    subprocess.run([sys.executable, "-m", "venv", base / "python"], check=True)
    image = Image(base, {"PATH": f"{base}/python/bin:{os.environ['PATH']}"})
    for name, rest in instructions((ROOT / dockerfile).read_text()):
        _perform(image, name, rest)
    return image


def _perform(image: Image, name: str, rest: str) -> None:
    if name in ("FROM", "EXPOSE"):
        assert name == "EXPOSE" or re.fullmatch(r"python:3\.1[1-9]-slim-\w+", rest), rest
        return
    steps: dict[str, Callable[[], None]] = {
        "ENV": lambda: image.variables.update(dict([rest.split("=", 1)])),
        "WORKDIR": lambda: _enter(image, rest),
        "COPY": lambda: _copy(*rest.split(), into=image.folder),
        "RUN": lambda: _run(image, rest),
    }
    if name in steps:
        steps[name]()
    else:
        _note(image, name, rest)


def _note(image: Image, name: str, rest: str) -> None:
    """Note what is only said of the image, and done when it runs."""
    match name:
        case "USER":
            image.user, image.group = map(int, rest.split(":"))
        case "HEALTHCHECK":
            image.healthcheck = json.loads(rest.partition(" CMD ")[2])
        case "STOPSIGNAL":
            image.stop_signal = signal.Signals[rest]
        case "ENTRYPOINT":
            image.entrypoint = json.loads(rest)
        case "CMD":
            image.command = json.loads(rest)
        case _:
            raise AssertionError(f"the Dockerfile has {name}, which is not understood here")


def _enter(image: Image, folder: str) -> None:
    image.folder = image.base / folder.lstrip("/")
    image.folder.mkdir()


def _run(image: Image, words: str) -> None:
    subprocess.run(shlex.split(words), cwd=image.folder, env=image.variables, check=True)


def _copy(source: str, target: str, *, into: Path) -> None:
    """Copy what .dockerignore lets through."""
    for path in sorted((ROOT / source).rglob("*")) if (ROOT / source).is_dir() else [ROOT / source]:
        name = path.relative_to(ROOT)
        if path.is_file() and not is_ignored(name):
            copied = into / target / path.relative_to(ROOT / source)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copied)


def is_ignored(name: Path) -> bool:
    """True if .dockerignore leaves a file out: the last line that fits it, or a folder above it, decides."""
    names = [str(name), *(str(parent) for parent in name.parents if parent.name)]
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if not pattern or pattern.startswith("#"):
            continue
        anywhere = pattern.removeprefix("**/")
        fits = any(fnmatch(one, pattern) or (anywhere != pattern and Path(one).name == anywhere) for one in names)
        ignored = not line.startswith("!") if fits else ignored
    return ignored
