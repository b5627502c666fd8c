"""Installs give what was chosen: every version pinned, every file by its hash, all in the bill of materials."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LOCKS = {
    "run": ["requirements.txt"],
    "dev": ["requirements.txt", "requirements-dev.txt"],
    "audit": ["requirements/audit.txt"],
    "mutation": ["requirements/mutation.txt"],
    "release": ["requirements/release.txt"],
    "sdk-suite": ["requirements/sdk-suite.txt"],
    "sdk-source": ["requirements/sdk-source.txt"],
}
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?==([^\s;]+)(?: ; (.+?))?(?: \\)?$", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})(?: \\)?$", re.MULTILINE)


def _name(written: str) -> str:
    """As registries compare names."""
    return re.sub(r"[-_.]+", "-", written).lower()


def pins(file: str) -> dict[str, str]:
    """Name and version of every line."""
    return {_name(name): version for name, version, _ in _PIN.findall((ROOT / file).read_text())}


def hashes(lock: str) -> dict[str, list[str]]:
    """The hashes of every name."""
    text = (ROOT / lock).read_text()
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    return {_name(_PIN.findall(block)[0][0]): _HASH.findall(block) for block in blocks if block.strip()}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_what_was_chosen_and_hashes_every_file(lock: str) -> None:
    """Nothing chosen is missing or of another version; nothing is without a hash; nobody's address is in it."""
    chosen = {name: version for file in LOCKS[lock] for name, version in pins(file).items()}
    locked = pins(f"requirements/{lock}.lock")
    text = (ROOT / f"requirements/{lock}.lock").read_text()

    assert chosen
    assert chosen.items() <= locked.items(), "Run: make lock"
    assert hashes(f"requirements/{lock}.lock").keys() == locked.keys()
    assert all(len(set(found)) == len(found) >= 1 for found in hashes(f"requirements/{lock}.lock").values())
    assert "://" not in text
    for line in text.splitlines():
        assert not line or line.startswith(("    --hash=sha256:", "    #")) or _PIN.match(line), line


@pytest.mark.parametrize(
    "file",
    ["requirements.txt", "requirements-dev.txt", *(f"requirements/{name}.txt" for name in list(LOCKS)[2:])],
)
def test_what_was_chosen_is_pinned_and_has_a_reason(file: str) -> None:
    """One name a line, under a comment."""
    for block in re.split(r"\n(?=#)", (ROOT / file).read_text()):
        assert block.startswith("#"), block
        for line in block.splitlines():
            assert line.startswith(("#", "-r ")) or not line or _PIN.fullmatch(line), line


def test_the_sandboxs_image_takes_what_the_backend_takes() -> None:
    """All that its pyproject asks for, in the versions and by the hashes of the backend's lock."""
    asked = tomllib.loads((ROOT / "backend/sandbox/pyproject.toml").read_text())["project"]["dependencies"]
    locked, run = hashes("requirements/sandbox.lock"), hashes("requirements/run.lock")

    assert {_name(re.split(r"[=<>]", one)[0]) for one in asked} <= set(locked), "Run: make lock"
    assert pins("requirements/sandbox.lock").items() <= pins("requirements/run.lock").items()
    assert locked == {name: run[name] for name in locked}


def test_the_suite_is_of_the_sdk_in_use() -> None:
    """Its source has the version that the backend and the sandbox are built on."""
    assert pins("requirements/sdk-source.lock") == {"stripe": pins("requirements.txt")["stripe"]}


@pytest.mark.parametrize("lock", ["audit", "mutation"])
def test_what_is_installed_beside_the_tests_changes_none_of_their_versions(lock: str) -> None:
    """They share an environment."""
    for file in ("run", lock):
        beside, tested = pins(f"requirements/{file}.lock"), pins("requirements/dev.lock")
        assert {name: tested[name] for name in beside if name in tested} == {
            name: version for name, version in beside.items() if name in tested
        }


@pytest.mark.parametrize("name", ["cryptography", "cffi", "gevent", "greenlet", "markupsafe", "wrapt"])
def test_compiled_packages_have_hashes_for_every_system(name: str) -> None:
    """A source, and wheels for several Pythons on Linux and macOS: one hash would lock a laptop out."""
    assert len(hashes("requirements/run.lock")[name]) >= 20


def test_everything_that_installs_checks_hashes() -> None:
    """The image and the installer of the Makefile, which calls no other; nothing else in them calls pip to install."""
    for file in ("Dockerfile", "requirements/install.py"):
        text = (ROOT / file).read_text()
        installs = [line for line in text.splitlines() if re.search(r"pip.*\binstall\b", line, re.IGNORECASE)]
        assert installs
        assert text.count("--require-hashes") == 1
    make = (ROOT / "Makefile").read_text()
    assert "-m pip" not in make
    assert "--require-hashes" in (ROOT / "tests/sdk_suite/fetch.py").read_text()
    assert re.findall(r"requirements/install\.py|\$\(INSTALL\)", make)


def test_the_bill_of_materials_names_every_package_of_the_image() -> None:
    """CycloneDX, each with name, version, purl and the hashes of its files; made again when the lock is."""
    bill = json.loads((ROOT / "requirements/sbom.json").read_text())
    listed = {_name(one["name"]): one["version"] for one in bill["components"]}
    noted = {
        _name(one["name"]): sorted(h["content"] for ref in one["externalReferences"] for h in ref["hashes"])
        for one in bill["components"]
    }

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert listed == pins("requirements/run.lock"), "Run: make sbom"
    assert noted == {name: sorted(found) for name, found in hashes("requirements/run.lock").items()}
    for one in bill["components"]:
        assert (one["type"], one["purl"]) == ("library", f"pkg:pypi/{_name(one['name'])}@{one['version']}")


def test_nodes_lock_has_a_hash_for_every_package() -> None:
    """npm ci compares them."""
    packages = json.loads((ROOT / "tests/node/package-lock.json").read_text())["packages"]

    assert len(packages) > 1
    for name, package in packages.items():
        assert not name or package["integrity"].startswith("sha512-"), name


@pytest.mark.parametrize("file", ["Dockerfile", "backend/sandbox/Dockerfile"])
def test_an_image_runs_as_nobody_with_a_pinned_system(file: str) -> None:
    """No secret is given to a build, no tag floats, and what is installed is known by its hash."""
    dockerfile = (ROOT / file).read_text()

    assert re.search(r"^FROM python:3\.\d+-slim-\w+", dockerfile, re.MULTILINE)
    assert "latest" not in dockerfile
    assert re.search(r"^USER 65534:65534$", dockerfile, re.MULTILINE)
    assert not re.search(r"^(?:ARG|ADD)\b|(?:KEY|SECRET|TOKEN)=", dockerfile, re.MULTILINE)
    assert all("--require-hashes" in line for line in dockerfile.splitlines() if "pip install" in line)


def test_compose_takes_rights_away() -> None:
    """From each service: no new privileges, no capabilities, nothing to write to, and bounds."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())

    for service in compose["services"].values():
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert service["pids_limit"] > 0
        assert service["mem_limit"]
        assert "privileged" not in service
