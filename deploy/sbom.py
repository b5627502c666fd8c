"""``make sbom``: the bill of materials of the image, in CycloneDX, from the lock that it is installed from.

Addresses of registries are left out: a package is named by its purl and its files by their hashes, wherever they came from.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = "requirements/run.lock"


def main() -> None:
    """Write requirements/sbom.json."""
    tool = Path(sys.executable).with_name("cyclonedx-py")
    words = [tool, "requirements", LOCK, "--output-reproducible", "--output-format", "JSON", "--spec-version", "1.6"]
    made = subprocess.run([*words, "--index-url", "pkg:pypi"], cwd=ROOT, capture_output=True, text=True, check=True)
    bill = json.loads(made.stdout)
    for one in bill["metadata"]["tools"]["components"]:
        one.pop("externalReferences", None)
    for component in bill["components"]:
        component.pop("description", None)  # the lock's own line, with every hash once more
    (ROOT / "requirements/sbom.json").write_text(json.dumps(bill, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
