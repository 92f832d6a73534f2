"""The page in real headless Chromium against the real serve.py: what a person does on it, by mouse and by touch."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from benchmarks.clip_files import write_clip
from benchmarks.clips import one_face
from data.pictures import read_picture
from facedancer_tf.provenance.checking import check
from tests.facedancer_tf.serving.real_server.browsing import check_access, choose, opened, place_of, swap


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    write_clip(path, one_face(320, 240, 12).frames())
    return path


def test_a_chosen_face_is_swapped_compared_and_downloaded(browser, server, pictures, tmp_path):
    with opened(browser, server) as page:
        check_access(page)
        choose(page, "#source-files", pictures["source"], pictures["second source"])
        expect(page.locator("#source-list li")).to_have_count(2)
        page.get_by_role("button", name="Remove second source.png").click()
        expect(page.locator("#source-list li")).to_have_count(1)
        choose(page, "#target-file", pictures["two faces"])
        expect(page.locator("#faces button.face")).to_have_count(2)
        check_access(page)
        places = [place_of(button)["x"] for button in page.locator("#faces button.face").all()]
        right = places.index(max(places))
        chosen = page.locator("#faces button.face").nth(right)
        chosen.click()
        expect(chosen).to_have_attribute("aria-pressed", "true")
        page.get_by_text("Options").click()
        page.locator("#with-masks").check()
        swap(page)
        assert page.evaluate("document.querySelector('#result').contains(document.activeElement)")
        expect(page.locator("#masks img")).not_to_have_count(0)
        expect(page.locator("#likeness li")).to_have_count(1)
        check_access(page)
        with page.expect_download() as download:
            page.locator("#download").click()
        saved = tmp_path / download.value.suggested_filename
        download.value.save_as(saved)
    assert check(saved).is_marked
    before, after = (read_picture(path).rgb.astype(int) for path in (pictures["two faces"], saved))
    changed = np.abs(after - before).max(axis=-1) > 24  # the watermark stays below
    half = changed.shape[1] // 2
    assert changed[:, half:].mean() > 0.02
    assert changed[:, :half].mean() < 0.001


def test_the_slider_shows_more_or_less_of_the_result(browser, server, pictures):
    with opened(browser, server) as page:
        choose(page, "#source-files", pictures["source"])
        choose(page, "#target-file", pictures["two faces"])
        swap(page)
        pictures_seen = []
        for value in ("0", "100"):
            page.locator("#compare-slider").fill(value)
            pictures_seen.append(page.locator("#compare").screenshot())
        assert pictures_seen[0] != pictures_seen[1]


def test_a_picture_without_a_face_is_an_error_beside_it(browser, server, pictures):
    with opened(browser, server) as page:
        choose(page, "#target-file", pictures["no face"])
        expect(page.locator("#target-error")).to_contain_text("no face")
        expect(page.locator("#source-error")).to_be_empty()
        check_access(page)
        choose(page, "#target-file", pictures["two faces"])
        expect(page.locator("#target-error")).to_be_empty()
        choose(page, "#source-files", pictures["no face"])
        expect(page.locator("#source-error")).to_contain_text("no face")


def test_what_is_missing_is_said_and_focused(browser, server, pictures):
    with opened(browser, server) as page:
        page.locator("#swap").click()
        expect(page.locator("#source-error")).not_to_be_empty()
        assert page.evaluate("document.querySelector('#source').contains(document.activeElement)")


def test_a_film_shows_its_progress_and_plays(browser, server, pictures, film, tmp_path):
    with opened(browser, server) as page:
        choose(page, "#source-files", pictures["source"])
        choose(page, "#target-file", film)
        expect(page.locator("#people")).to_be_visible()
        page.locator("#swap").click()
        expect(page.locator("#progress")).to_be_visible()
        check_access(page)
        expect(page.locator("#result")).to_be_visible(timeout=60_000)
        expect(page.locator("#work")).to_be_hidden()
        check_access(page)
        with page.expect_download() as download:
            page.locator("#download").click()
        saved = tmp_path / download.value.suggested_filename
        download.value.save_as(saved)
    assert check(saved).is_marked


def test_a_film_is_cancelled(browser, server, pictures, film):
    with opened(browser, server) as page:
        choose(page, "#source-files", pictures["source"])
        choose(page, "#target-file", film)
        page.locator("#swap").click()
        page.locator("#cancel").click()
        expect(page.locator("#work")).to_be_hidden()
        expect(page.locator("#result")).to_be_hidden()
        swap_button = page.locator("#swap")
        expect(swap_button).to_be_enabled()


@pytest.mark.parametrize(
    ("status", "words"),
    [(429, "busy with others"), (503, "stopping"), (413, "too large")],
)
def test_a_refusal_is_one_sentence(browser, server, pictures, status, words):
    with opened(browser, server) as page:
        page.route(
            re.compile("/v1/swap$"),
            lambda route: route.fulfill(
                status=status,
                headers={"Retry-After": "1"},
                json={"code": "busy", "message": f"it is {words}"},
            ),
        )
        choose(page, "#source-files", pictures["source"])
        choose(page, "#target-file", pictures["two faces"])
        page.locator("#swap").click()
        expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()


def test_a_server_that_is_gone_is_said(browser, server, pictures):
    with opened(browser, server) as page:
        page.route(re.compile("/v1/swap$"), lambda route: route.abort())
        choose(page, "#source-files", pictures["source"])
        choose(page, "#target-file", pictures["two faces"])
        page.locator("#swap").click()
        expect(page.locator("#swap-error")).not_to_be_empty()


def test_a_camera_that_is_refused_is_said_beside_the_button(browser, server):
    with opened(browser, server) as page:
        page.locator("#source-camera").click()
        expect(page.locator("#source-error")).not_to_be_empty()
        expect(page.locator("#camera")).to_be_hidden()


def test_a_camera_gives_one_still_picture_and_is_switched_off(browser, server):
    with opened(browser, server, camera=True) as page:
        page.locator("#source-camera").click()
        expect(page.locator("#camera-view")).to_be_visible()
        check_access(page)
        stream = page.evaluate_handle("document.querySelector('#camera-view').srcObject")
        page.locator("#camera-take").click()
        expect(page.locator("#source-list li")).to_have_count(1)
        expect(page.locator("#camera")).to_be_hidden()
        assert stream.evaluate("stream => stream.getTracks().every(track => track.readyState === 'ended')")
