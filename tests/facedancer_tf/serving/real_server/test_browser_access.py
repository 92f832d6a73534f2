"""The page for everybody, in real headless Chromium: keyboard alone, 360 px wide, dark, dropped and pasted files."""

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.facedancer_tf.serving.real_server.browsing import (
    PHONE,
    check_access,
    choose,
    opened,
    place_of,
    swap,
)

FILE_EVENT = """([where, kind, name, type, content]) => {
    const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, {type}));
    const event = kind === 'paste'
        ? new ClipboardEvent('paste', {clipboardData: transfer, bubbles: true, cancelable: true})
        : new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true});
    document.querySelector(where).dispatchEvent(event);
}"""
SMALL_TARGETS = """() => [...document.querySelectorAll('button, input, select')]
    .filter(one => one.checkVisibility({visibilityProperty: true}))
    .map(one => [one.id || one.textContent, one.getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && (box.width < 24 || box.height < 24)).map(([name]) => name)"""
OUTLINE = """() => { const style = getComputedStyle(document.activeElement, null);
    const label = document.activeElement.labels?.[0];
    const seen = one => { const style = getComputedStyle(one);
        return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none'; };
    return seen(document.activeElement) || (label && seen(label)) || seen(document.activeElement.parentElement); }"""


def tab_to(page: Page, where: str) -> None:
    """Presses Tab until the element `where` has the focus; every stop on the way shows it."""
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.outerHTML.slice(0, 80)")
        if focused.startswith("<body"):
            continue
        assert page.evaluate(OUTLINE), f"the focus cannot be seen: {focused}"
        if page.evaluate("where => document.activeElement.matches(where)", where):
            return
    pytest.fail(f"Tab never comes to {where}")


def test_everything_is_done_by_keyboard_alone(browser, server, pictures, tmp_path):
    with opened(browser, server) as page:
        page.on(
            "filechooser", lambda chooser: None
        )  # or the interception ends with the first, and may begin late
        for where, name, shown in (
            ("#source-files", "source", "#source-list img"),
            ("#target-file", "two faces", "#target-view img"),
        ):
            tab_to(page, where)
            with page.expect_file_chooser() as chooser:
                page.keyboard.press("Enter")
            chooser.value.set_files(pictures[name])
            expect(page.locator(shown)).to_be_visible()
        expect(page.locator("#faces button.face")).to_have_count(2)
        tab_to(page, '#faces button.face[aria-pressed="false"]')
        page.keyboard.press("Space")
        expect(page.locator(":focus")).to_have_attribute("aria-pressed", "true")
        tab_to(page, "#swap")
        page.keyboard.press("Enter")
        expect(page.locator("#result")).to_be_visible()
        tab_to(page, "#compare-slider")
        before = page.locator("#compare-slider").input_value()
        page.keyboard.press("ArrowRight")
        assert float(page.locator("#compare-slider").input_value()) > float(before)
        tab_to(page, "#download")
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        assert Path(download.value.path()).stat().st_size > 10_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_in_light_and_dark(browser, server, pictures, scheme):
    with opened(browser, server, viewport=PHONE, has_touch=True, color_scheme=scheme) as page:
        check_access(page)
        choose(page, "#source-files", pictures["source"])
        choose(page, "#target-file", pictures["two faces"])
        expect(page.locator("#faces button.face")).to_have_count(2)
        check_access(page)
        assert page.evaluate(SMALL_TARGETS) == []
        swap(page)
        check_access(page)
        assert page.evaluate(SMALL_TARGETS) == []
        box = place_of(page.locator("#compare"))
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]


def test_files_are_dropped_and_pasted(browser, server, pictures):
    with opened(browser, server) as page:
        content = {
            name: base64.b64encode(pictures[name].read_bytes()).decode() for name in ("source", "two faces")
        }
        page.evaluate(FILE_EVENT, ["#target", "drop", "t.png", "image/png", content["two faces"]])
        expect(page.locator("#faces button.face")).to_have_count(2)
        page.locator("#source-files").focus()
        page.evaluate(FILE_EVENT, ["#source", "paste", "s.png", "image/png", content["source"]])
        expect(page.locator("#source-list li")).to_have_count(1)


def test_a_file_name_is_text_and_nothing_else(browser, server, pictures, tmp_path):
    evil = tmp_path / "<img src=x onerror=document.title='owned'>.png"
    evil.write_bytes(pictures["source"].read_bytes())
    with opened(browser, server) as page:
        choose(page, "#source-files", evil)
        expect(page.locator("#source-list li")).to_have_count(1)
        assert page.title() != "owned"
        expect(page.locator('img[src="x"]')).to_have_count(0)


def test_it_says_once_what_consent_means_and_that_results_are_marked(browser, server):
    with opened(browser, server) as page:
        text = page.locator("body").inner_text()
        assert "agreed" in text
        assert "marked" in text
        assert page.locator("html").get_attribute("lang") == "en"


def test_the_page_of_the_api_is_readable_too(browser, server):
    with opened(browser, server) as page:
        page.goto(f"{server.address}/docs")
        expect(page.locator("body")).to_contain_text("/v1/swap")
        check_access(page)
