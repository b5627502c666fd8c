"""The declarations beside the front-end services: complete, right, and the ones that the code has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.processes import ROOT
from tests.programs import NODE

pytestmark = pytest.mark.needs(NODE)

SERVICES = ROOT / "backend/web/static/js"
COMPILER = ROOT / "tests/node/node_modules/.bin/tsc"
MODULES = sorted(path.name.removesuffix(".d.ts") for path in SERVICES.glob("*.d.ts"))


def compiled(folder: Path, *files: Path, **changes: Any) -> str:
    """The errors that the compiler finds; empty when all is well."""
    assert COMPILER.exists(), "The TypeScript compiler is not installed. It comes with: make test"
    options = {
        "strict": True,
        "noEmit": True,
        "allowJs": True,
        "checkJs": True,
        "module": "esnext",
        "moduleResolution": "bundler",
        "target": "es2022",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
        **changes,
    }
    config = folder / "tsconfig.json"
    config.write_text(json.dumps({"compilerOptions": options, "files": [str(file) for file in files]}))
    run = subprocess.run([COMPILER, "-p", config], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert bool(run.returncode) is bool(run.stdout), run.stderr
    return run.stdout


def test_a_typescript_program_fits_the_declarations(tmp_path: Path) -> None:
    """The compiler takes a right program, and refuses each wrong line."""
    assert compiled(tmp_path, Path(__file__).with_name("usage.ts")) == ""


def test_the_code_fits_its_own_types(tmp_path: Path) -> None:
    """Each module, checked strictly."""
    assert compiled(tmp_path, *[SERVICES / f"{name}.js" for name in MODULES]) == ""


@pytest.mark.parametrize("name", MODULES)
def test_the_declarations_are_the_codes(name: str, tmp_path: Path) -> None:
    """The code's own types, as its comments give them, fit what is declared, and both export the same names."""
    shutil.copytree(SERVICES, tmp_path / "js")
    # Under another name the code has no declaration beside it, so that the compiler reads the code itself.
    (tmp_path / f"js/{name}Code.js").write_text((SERVICES / f"{name}.js").read_text())
    (tmp_path / "fits.ts").write_text(
        f'import * as code from "./js/{name}Code.js";\n'
        f'import * as declared from "./js/{name}.js";\n'
        "export const fits: typeof declared = code;\n"
        "export const whole: Record<keyof typeof code, unknown> = declared;\n"
    )

    assert compiled(tmp_path, tmp_path / "fits.ts") == ""


def test_a_wrong_declaration_would_be_noticed(tmp_path: Path) -> None:
    """The comparison above is one: a function whose declared answer differs from the code's is found."""
    shutil.copytree(SERVICES, tmp_path / "js")
    declared = tmp_path / "js/stripeConfig.d.ts"
    shutil.copy(tmp_path / "js/stripeConfig.js", tmp_path / "js/stripeConfigCode.js")
    declared.write_text(re.sub(r"createKey\(\): string", "createKey(): number", declared.read_text()))
    (tmp_path / "fits.ts").write_text(
        'import * as code from "./js/stripeConfigCode.js";\n'
        'import * as declared from "./js/stripeConfig.js";\n'
        "export const fits: typeof declared = code;\n"
    )

    assert "createKey" in compiled(tmp_path, tmp_path / "fits.ts")
