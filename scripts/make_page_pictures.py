"""Makes the two pictures of docs/serving.md: the page before and after a swap, as Chromium shows it.

    python serve.py & python scripts/make_page_pictures.py http://127.0.0.1:8008

Needs requirements-dev.txt and a Chromium. The swapped face on the second picture is the page's own; as a picture of one
it gets all marks, like every other.
"""

import argparse
import io
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, ViewportSize, expect, sync_playwright

from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.provenance.metadata import xmp_packet
from facedancer_tf.provenance.swapped import Swapped
from facedancer_tf.provenance.writing import mark_pixels, own_identity, sign_swapped, write_unswapped
from facedancer_tf.swapping.swapper import Swapper

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, RESULT = DOCS / "serving_target.webp", DOCS / "serving_result.jpg"
SOURCE, TARGETS = "barack_obama", ("eileen_collins", "jacinda_ardern")
WINDOW = ViewportSize(width=1100, height=600)
PAGE_QUALITY, RESULT_QUALITY = 77, 88  # each stays below 60 kB; a watermark needs more quality than words do
HEIGHT = 620


def side_by_side(folder: Path) -> Path:
    """A picture of two people, made of two photographs."""
    photographs = {path.stem: read_picture(path).rgb for path in bundled_pictures()}
    scaled = [
        cv2.resize(rgb, (round(HEIGHT * rgb.shape[1] / rgb.shape[0]), HEIGHT), interpolation=cv2.INTER_AREA)
        for rgb in (photographs[name] for name in TARGETS)
    ]
    path = folder / "two people.png"
    write_unswapped(path, np.hstack(scaled).astype(np.uint8))
    return path


def shown(page: Page, part: Locator | Page) -> np.ndarray:
    """The window or a part of it, uint8 RGB [H, W, 3], when nothing moves any more."""
    page.evaluate("Promise.allSettled(document.getAnimations().map(one => one.finished))")
    with Image.open(io.BytesIO(part.screenshot())) as image:
        return np.asarray(image.convert("RGB"))


def write_page(path: Path, rgb: np.ndarray) -> None:
    """Writes the page without a swapped face, as lossy WebP."""
    Image.fromarray(rgb).save(path, "WEBP", quality=PAGE_QUALITY, xmp=xmp_packet(synthetic=False))


def write_result(path: Path, rgb: np.ndarray) -> None:
    """Writes the part with the swapped face, as JPEG with all marks."""
    with Swapper() as swapper:
        picture = Swapped(rgb, [swapper.used_model])
    content = io.BytesIO()
    Image.fromarray(mark_pixels(picture)).save(
        content, "JPEG", quality=RESULT_QUALITY, xmp=xmp_packet(synthetic=True)
    )
    content.seek(0)
    with path.open("wb") as file:
        sign_swapped(content, picture.models, None, own_identity()[0], file)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("address", help="of a running serve.py")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    address = parser.parse_args().address
    if chromium is None:
        raise UserError("there is no Chromium on this machine; install one", "missing")
    source = next(path for path in bundled_pictures() if path.stem == SOURCE)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        page = browser.new_page(viewport=WINDOW)
        page.goto(address)
        expect(page.locator("#status")).to_have_text("Ready", timeout=60_000)
        page.locator("#source-files").set_input_files(source)
        page.locator("#target-file").set_input_files(side_by_side(Path(folder)))
        expect(page.locator("#faces button.face")).to_have_count(2)
        write_page(PAGE, shown(page, page))
        page.locator("#swap").click()
        expect(page.locator("#result")).to_be_visible(timeout=60_000)
        page.locator("#compare-slider").fill("65")
        write_result(RESULT, shown(page, page.locator("#result")))
        browser.close()
    for path in (PAGE, RESULT):
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    run_main(main)
