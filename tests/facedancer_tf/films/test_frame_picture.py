"""`FramePicture`: the right RGB of every kind of frame, and changes that touch nothing else."""

import av
import cv2
import numpy as np
import pytest

from facedancer_tf.films.frame_picture import FramePicture
from facedancer_tf.films.layout import channel_views

# Bars of 100 % red, green, blue, white, black, and 75 % yellow, as the standards' tables have them (BT.601, 709, 2020).
BARS = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (191, 191, 0)], np.uint8)
LEVELS = {  # matrix, range, bits
    (6, 1, 8): [(81, 90, 240), (145, 54, 34), (41, 240, 110), (235, 128, 128), (16, 128, 128), (162, 44, 142)],
    (1, 1, 8): [(63, 102, 240), (173, 42, 26), (32, 240, 118), (235, 128, 128), (16, 128, 128), (168, 44, 136)],
    (1, 1, 10): [(250, 409, 960), (691, 167, 105), (127, 960, 471), (940, 512, 512), (64, 512, 512), (674, 176, 543)],
    (9, 1, 10): [(294, 387, 960), (658, 189, 64), (0, 0, 0), (940, 512, 512), (64, 512, 512), (0, 0, 0)],
    (6, 2, 8): [(76, 85, 255), (150, 44, 21), (29, 255, 107), (255, 128, 128), (0, 128, 128), (169, 32, 144)],
}  # fmt: skip
FORMATS = [
    "yuv420p", "yuv422p", "yuv444p", "yuv411p", "yuv440p", "yuva420p", "nv12", "nv21", "yuyv422", "yuv420p10le",
    "yuv422p10le", "yuv444p12le", "p010le", "rgb24", "bgra", "argb", "0bgr", "gbrp", "gbrap", "gbrp10le", "rgb48le",
]  # fmt: skip


def smooth(width: int = 96, height: int = 64) -> np.ndarray:
    """A smooth picture of many colours, so that shared chroma loses little."""
    noise = np.random.default_rng(0).uniform(50, 200, (3, 4, 3)).astype(np.float32)
    picture = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def frame_of(rgb: np.ndarray, form: str, matrix: int = 1, colour_range: int = 1) -> av.VideoFrame:
    """A frame by swscale, tagged."""
    kept = 2 if av.VideoFormat(form, 16, 16).is_rgb else colour_range
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(
        format=form, dst_colorspace=matrix, dst_color_range=kept
    )
    frame.colorspace, frame.color_range = (0 if kept != colour_range else matrix), kept
    return frame


def planes(frame: av.VideoFrame) -> list[np.ndarray]:
    return [view.copy() for view in channel_views(frame)]


@pytest.mark.parametrize(("matrix", "colour_range", "bits"), LEVELS)
def test_colour_bars_have_the_values_of_the_standards(matrix: int, colour_range: int, bits: int) -> None:
    levels = np.array(LEVELS[matrix, colour_range, bits])
    known = levels.any(axis=1)
    frame = av.VideoFrame(len(levels), 1, "yuv444p" if bits == 8 else "yuv444p10le")
    frame.colorspace, frame.color_range = matrix, colour_range
    for view, values in zip(channel_views(frame), levels.T, strict=True):
        view[0] = values
    rgb = FramePicture(frame).rgb()[0].astype(int)
    assert np.abs(rgb - BARS)[known].max() <= 2


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("colour_range", [1, 2])
def test_regions_are_the_picture_that_was_written(form: str, colour_range: int) -> None:
    rgb = smooth()
    picture = FramePicture(frame_of(rgb, form, colour_range=colour_range))
    whole = picture.rgb().astype(int)
    assert np.abs(whole - rgb).mean() < 3  # yuv411p loses the most
    for box in ((0, 0, 96, 64), (3, 5, 40, 41), (51, 20, 96, 64), (10, 10, 11, 11)):
        left, top, right, bottom = box
        np.testing.assert_array_equal(picture.rgb(box), whole[top:bottom, left:right])


@pytest.mark.parametrize("form", FORMATS)
def test_a_change_arrives_and_touches_nothing_else(form: str) -> None:
    picture = FramePicture(frame_of(smooth(), form))
    before, stored = picture.rgb().astype(float), planes(picture.frame)
    rows, columns = np.mgrid[-20:21, -25:26]
    hill = np.clip(1 - np.hypot(rows / 17, columns / 21), 0, None)[..., None]
    change = (hill * [30, -24, 20]).astype(np.float32)
    picture.add((31, 11, 82, 52), change)
    after, wanted = picture.rgb().astype(float), before.copy()
    wanted[11:52, 31:82] += change
    assert np.abs(after - np.clip(wanted, 0, 255)).max() < (2.1 if av.VideoFormat(form, 16, 16).is_rgb else 5)
    assert np.abs(after - np.clip(wanted, 0, 255))[11:52, 31:82].mean() < 0.6
    touched = np.zeros((64, 96), bool)
    touched[11:52, 31:82] = hill[..., 0] > 0
    for index, (now, then) in enumerate(zip(planes(picture.frame), stored, strict=True)):
        size = (now.shape[1], now.shape[0])
        reach = (
            cv2.dilate(touched.astype(np.uint8), np.ones((3, 9), np.uint8))
            if now.shape != touched.shape
            else touched
        )
        may_change = cv2.resize(reach.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
        if index == 3:
            may_change[:] = False  # alpha
        np.testing.assert_array_equal(now[~may_change], then[~may_change])


@pytest.mark.parametrize("form", FORMATS)
def test_no_change_changes_nothing(form: str) -> None:
    picture = FramePicture(frame_of(smooth(), form))
    stored = planes(picture.frame)
    picture.add((3, 5, 90, 61), np.zeros((56, 87, 3), np.int16))
    picture.add_luma(np.zeros((9, 16), np.float32))
    for now, then in zip(planes(picture.frame), stored, strict=True):
        np.testing.assert_array_equal(now, then)


def test_changes_at_the_edge_of_odd_frames_are_whole() -> None:
    frame = av.VideoFrame(97, 65, "yuv420p")
    frame.colorspace, frame.color_range = 1, 1
    for view in channel_views(frame):
        view[:] = 120
    picture = FramePicture(frame)
    before = picture.rgb().astype(int)
    picture.add((0, 0, 97, 65), np.full((65, 97, 3), [20, -10, 15], np.float32))
    assert np.abs(picture.rgb() - before - [20, -10, 15]).max() <= 2
    u = planes(frame)[1]
    assert (u == u[0, 0]).all()


def test_what_a_plane_cannot_hold_is_clipped() -> None:
    for form, largest in (("yuv444p", 255), ("yuv444p10le", 1023), ("gbrp", 255), ("gbrp10le", 1023)):
        picture = FramePicture(frame_of(smooth(), form))
        picture.add((0, 0, 96, 64), np.full((64, 96, 3), 400, np.float32))
        assert planes(picture.frame)[0].max() == largest
        picture.add_luma(np.full((9, 16), -900, np.float32))
        assert planes(picture.frame)[0].min() == 0


def test_grey_films_take_the_luma_of_a_change() -> None:
    picture = FramePicture(frame_of(smooth(), "gray", colour_range=2))
    before = picture.rgb().astype(float)
    assert (before == before[..., :1]).all()
    picture.add((10, 10, 20, 20), np.full((10, 10, 3), [0, 50, 0], np.float32))
    assert np.abs((picture.rgb() - before)[10:20, 10:20] - 0.7152 * 50).max() <= 1


@pytest.mark.parametrize("form", ["yuv420p", "yuv420p10le", "nv12", "bgra", "gbrp10le", "gray"])
def test_luma_is_read_and_changed_at_any_size(form: str) -> None:
    rgb = smooth(192, 128)
    picture = FramePicture(frame_of(rgb, form, colour_range=2 if form == "gray" else 1))
    for long_side, shape in ((48, (32, 48)), (192, (128, 192)), (300, (200, 300))):
        grey = picture.luma(long_side)
        assert (grey.dtype, grey.shape) == (np.float32, shape)
    weights = [0.299, 0.587, 0.114] if form in ("gray", "bgra", "gbrp10le") else [0.2126, 0.7152, 0.0722]
    assert np.abs(picture.luma(192) - rgb @ weights).max() < 2.5
    before = picture.luma(48)
    noise = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 12, (32, 48)).astype(np.float32), (0, 0), 1.5)
    picture.add_luma(noise)
    arrived = picture.luma(48) - before
    assert np.corrcoef(arrived.ravel(), noise.ravel())[0, 1] > 0.98
    assert np.vdot(arrived, noise) / np.vdot(noise, noise) == pytest.approx(1, abs=0.05)


def test_a_frame_is_shrunk_and_never_enlarged() -> None:
    rgb = smooth()
    for form in ("yuv420p", "yuv422p10le", "bgra"):
        picture = FramePicture(frame_of(rgb, form))
        small = picture.scaled_rgb(48)
        assert small.shape == (32, 48, 3)
        assert np.abs(small - cv2.resize(rgb, (48, 32), interpolation=cv2.INTER_AREA).astype(int)).mean() < 2
        np.testing.assert_array_equal(picture.scaled_rgb(1000), picture.rgb())


def test_untagged_films_are_bt601_when_small_and_bt709_when_large() -> None:
    for height, matrix in ((480, 6), (720, 1)):
        tagged = frame_of(smooth(96, height), "yuv444p", matrix)
        wanted = FramePicture(tagged).rgb()
        tagged.colorspace = 2
        np.testing.assert_array_equal(FramePicture(tagged).rgb(), wanted)


def test_other_formats_are_converted_once_and_lose_nothing() -> None:
    names = {"p010le": "yuv420p10le", "yuyv422": "yuv422p", "pal8": "rgba", "rgb48le": "gbrp16le",
             "yuv420p10be": "yuv420p10le", "ya8": "rgba", "gray10be": "gray10le", "uyyvyy411": "yuv444p"}  # fmt: skip
    for name, native in names.items():
        frame = av.VideoFrame(16, 16, name)
        frame.pts = 7
        picture = FramePicture(frame)
        assert (picture.frame.format.name, picture.frame.pts) == (native, 7)


@pytest.mark.parametrize("box", [(-1, 0, 5, 5), (0, 0, 97, 5), (5, 5, 5, 9), (0, 60, 5, 65)])
def test_boxes_outside_are_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="`box` must lie in 96 x 64 px"):
        FramePicture(frame_of(smooth(), "yuv420p")).rgb(box)
    with pytest.raises(ValueError, match=r"`change` must be \[5, 5, 3\]"):
        FramePicture(frame_of(smooth(), "yuv420p")).add((0, 0, 5, 5), np.zeros((4, 5, 3), np.float32))
