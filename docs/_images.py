"""Draw images/front.png, and photograph the offline page into images/report.png: `make docs-images`."""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
RUN = max((HERE.parent / "reports").glob("*-catalogue-cpu"))  # the newest
VIEWPORT = {"width": 1400, "height": 1300}


def attnprof(*arguments: str | Path) -> None:
    """Run a command; its messages stay on stderr."""
    subprocess.run(
        [sys.executable, "-m", "attnprof", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL
    )


def photograph(page: Path, image: Path) -> None:
    """The top of ``page`` as a light browser window shows it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        window = browser.new_page(viewport=VIEWPORT, color_scheme="light")
        window.goto(page.as_uri())
        window.screenshot(path=image)
        browser.close()


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        attnprof("report", RUN, "-o", page)
        photograph(page, HERE / "images" / "report.png")
    attnprof("plot", RUN, "-o", HERE / "images" / "front.png")
