"""The comparison of two versions says nothing where they behave alike, and where they differ it says how."""

from __future__ import annotations

from pathlib import Path

from tests.compare.__main__ import differences
from tests.compare.play import play
from tests.processes import ROOT


def test_a_version_does_not_differ_from_itself(tmp_path: Path) -> None:
    """Nothing in the record comes of chance or of the time of day; and another percentage shows, to the cent."""
    record = play(ROOT, tmp_path)

    assert list(differences(record, play(ROOT, tmp_path))) == []
    assert sum(line.startswith("  stripe: POST /v1/transfers") for line in record) >= 5

    other = "\n".join(differences(record, play(ROOT, tmp_path, PLATFORM_FEE_PERCENTAGE="20")))
    assert '-  stripe: POST /v1/transfers {"account": null, "key": "' in other
    assert '"amount": "3780"' in other
