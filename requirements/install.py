"""Make the environment of a lock file: ``python3 requirements/install.py .venv requirements/run.lock "make run"``.

A failure is told in a sentence with the next step. pip's own words are kept in ``install.log`` inside the environment.
An environment in which an earlier try was interrupted is made anew.
"""

import re
import subprocess
import sys
from pathlib import Path

# Stands in the environment while packages are being written into it.
MARK = ".installing"
# The first pattern that is found in what pip wrote names the cause and what to do about it.
CAUSES = (
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "The certificate of the package index is not trusted by this machine.\n"
        "Behind a company's proxy, name the proxy's own certificate: PIP_CERT=/path/to/ca.pem",
    ),
    (
        r"NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|Max retries exceeded"
        r"|Failed to establish|Temporary failure in name resolution|Network is unreachable|Connection (refused|reset)",
        "The package index cannot be reached, so nothing was installed.\n"
        "Connect to the network; a proxy is named by HTTPS_PROXY, a mirror by PIP_INDEX_URL.",
    ),
    (
        r"DO NOT MATCH THE HASHES",
        "A package is not the file that the lock names, so nothing was installed.\n"
        "Look at the mirror (PIP_INDEX_URL), and empty pip's cache: pip cache purge",
    ),
    (r"No space left on device", "The disk is full.\nFree some space."),
    (r"[Pp]ermission denied", "A file of the environment may not be written.\nLook at who owns the folder .venv."),
    (
        r"No matching distribution",
        "The package index lacks a version that the lock names, so nothing was installed.\n"
        "Look at the mirror (PIP_INDEX_URL): it may be behind.",
    ),
    (
        r"ensurepip is not available",
        "This Python cannot make environments.\nOn Debian and Ubuntu: sudo apt-get install python3-venv",
    ),
)


def main(words: list[str]) -> None:
    """Install. ``words``: the environment's folder, the lock, and the command to run again after a failure."""
    venv, lock, command = Path(words[0]), words[1], words[2]
    python = str(venv / "bin/python")
    if not _usable(venv, python):
        _run([sys.executable, "-m", "venv", "--clear", str(venv)], venv, command)
    (venv / MARK).touch()
    pip = [
        python,
        "-m",
        "pip",
        "install",
        "--no-input",
        "--progress-bar=off",
        "--retries=2",
        "--disable-pip-version-check",
    ]
    _run([*pip, "--require-hashes", "--requirement", lock], venv, command)
    (venv / MARK).unlink()


def _usable(venv: Path, python: str) -> bool:
    """False for an environment that is not there, was left half-made, or whose Python is gone."""
    if (venv / MARK).exists() or not Path(python).exists():
        return False
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def _run(words: list[str], venv: Path, command: str) -> None:
    """Run a step; exits with a sentence if it fails."""
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except KeyboardInterrupt:
        sys.exit(f"\nInterrupted. The next try begins anew: {command}")
    said = done.stdout.decode("utf-8", "replace")
    if venv.is_dir():
        (venv / "install.log").write_text(said, encoding="utf-8")
    if done.returncode:
        # pip fetches everything before it writes anything; what failed after that is made anew.
        sys.exit(f"{_cause(said, venv)}\nThen run this again: {command}")


def _cause(said: str, venv: Path) -> str:
    for pattern, sentence in CAUSES:
        if re.search(pattern, said):
            return sentence
    last = (said.strip().splitlines() or ["nothing was said"])[-1]
    return f"The packages could not be installed: {last}\nEverything that was said is in {venv / 'install.log'}."


if __name__ == "__main__":
    main(sys.argv[1:])
