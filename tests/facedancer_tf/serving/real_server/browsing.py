"""The page of serve.py in real headless Chromium: what all tests of the page share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, FloatRect, Locator, Page, expect

from benchmarks.running_server import RunningServer
from data.pictures import read_picture, write_picture
from facedancer_tf.bundled_pictures import bundled_pictures

PHONE = {"width": 360, "height": 740}
WAIT_MS = 20_000
RULES = {"resultTypes": ["violations"]}


@contextmanager
def opened(browser: Browser, server: RunningServer, camera: bool = False, **options: Any) -> Iterator[Page]:
    """The page in a context of its own, ready; at the end nothing foreign was asked for and no script has failed.

    `camera` says whether the user lets the page use it; `options` are those of a playwright context.
    """
    with browser.new_context(**options) as context:
        if camera:
            context.grant_permissions(["camera"], origin=server.address)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        hosts: set[str] = set()
        errors: list[str] = []
        page.on(
            "request", lambda request: hosts.add(urlsplit(request.url).netloc or urlsplit(request.url).scheme)
        )
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if _is_fault(line) else None)
        page.goto(server.address)
        expect(page.locator("#status")).to_have_text("Ready")
        yield page
        assert hosts <= {f"127.0.0.1:{server.port}", "blob", "data"}
        assert errors == []


def _is_fault(line: ConsoleMessage) -> bool:
    """Whether a console's line is an error of the page: not what Chromium says about answers of 4xx."""
    return line.type == "error" and not line.text.startswith("Failed to load resource")


def choose(page: Page, where: str, *paths: Path) -> None:
    """Gives files to the input `where`."""
    page.locator(where).set_input_files(list(paths))


def swap(page: Page) -> None:
    """Presses the button and waits for the result."""
    page.locator("#swap").click()
    expect(page.locator("#result")).to_be_visible()


def place_of(element: Locator) -> FloatRect:
    """Where an element that is seen stands: x, y, width and height in px."""
    place = element.bounding_box()
    assert place is not None
    return place


def check_access(page: Page) -> None:
    """No rule of axe-core is broken, and nothing is wider than the window."""
    page.evaluate(
        "Promise.allSettled(document.getAnimations().map(one => one.finished))"
    )  # half faded in is pale
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def make_pictures(folder: Path) -> dict[str, Path]:
    """Writes small pictures: two sources, a target with two faces beside each other, and one without a face."""
    photographs = {path.stem: read_picture(path).rgb for path in bundled_pictures()}
    small = {
        name: cv2.resize(rgb, (300, round(300 * rgb.shape[0] / rgb.shape[1])), interpolation=cv2.INTER_AREA)[
            :300
        ]
        for name, rgb in photographs.items()
    }
    height = min(picture.shape[0] for picture in small.values())
    made = {
        "source": small["barack_obama"],
        "second source": small["emmanuel_macron"],
        "two faces": np.hstack([small[name][:height] for name in ("eileen_collins", "jacinda_ardern")]),
        "no face": np.full((200, 300, 3), 120, np.uint8),
    }
    paths = {}
    for name, rgb in made.items():
        paths[name] = folder / f"{name}.png"
        write_picture(paths[name], np.asarray(rgb, np.uint8))
    return paths
