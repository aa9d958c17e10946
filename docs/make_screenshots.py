"""The README's four screenshots, made from the demonstration as it is served.

    uv run python docs/make_screenshots.py

A demonstration of its own is loaded into a folder that is removed afterwards. Chromium is the system's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

NOW = "2026-11-20T12:00:00Z"
PORT = 8765
FOLDER = Path(__file__).parent / "screenshots"
# The name of the picture, the account that sees the page (None: anybody), its address, and what is typed there.
SHOTS: tuple[tuple[str, str | None, str], ...] = (
    ("decision", "governor", "/requests/EX-SHELTER-1/decide/"),
    ("counter", "clerk.south", "/counter/EX-SOUTH/"),
    ("board", "operations", "/board/"),
    ("public", None, "/public/ICE-SUPPORT-2025/"),
)
MUSTER = [sys.executable, "-c", "from muster.cli.main import main; main()"]


def main() -> None:
    """Load, serve, photograph, clean up."""
    work = Path(tempfile.mkdtemp(prefix="muster-screenshots-"))
    work.chmod(0o711)
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "MUSTER_DATA": str(work / "data")}
    try:
        loaded = subprocess.run(
            [*MUSTER, "demo", "--once", "--json", "--now", NOW, "--port", str(PORT)],
            env=env, capture_output=True, check=True,
        )  # fmt: skip
        links = {account["role"]: account["link"] for account in json.loads(loaded.stdout)["accounts"]}
        serving = subprocess.Popen(
            [*MUSTER, "serve", "--port", str(PORT)], env={**env, "MUSTER_DEMONSTRATION": "true"},
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait_until_served()
            _photograph(links)
        finally:
            serving.terminate()
            serving.wait(timeout=20)
    finally:
        shutil.rmtree(work)


def _wait_until_served() -> None:
    give_up_at = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/public/", timeout=5).close()
            return
        except urllib.error.URLError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.2)


def _photograph(links: dict[str, str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    names = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
    chromium = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, account, address in SHOTS:
            page = browser.new_page(viewport={"width": 1120, "height": 780})
            if account:
                page.goto(links[account])
            page.goto(f"http://127.0.0.1:{PORT}{address}")
            page.screenshot(path=FOLDER / f"{name}.png")
            page.close()
            print(FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
