"""Shows the people of a film with their numbers and times: as a contact sheet, and as lines of text.

The sheet is uint8 RGB [H, W, 3]. Portraits are pixels of the untouched film.
"""

from functools import cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from facedancer_tf.video.tracks import People, Person, time_words

PAPER, CARD, INK, SOFT_INK, BADGE = (
    (244, 244, 246),
    (255, 255, 255),
    (28, 28, 32),
    (110, 112, 120),
    (38, 84, 160),
)
PORTRAIT_PX, CARD_PX, MARGIN_PX = 192, 216, 20
COLUMNS = 5
TEXT_PX = 64  # below a portrait
SHOWN_TIMES = 2


def people_lines(people: People) -> list[str]:
    """A line for each person, and for each face that is left alone."""
    lines = [
        f"person {person.number}: {person.seconds:.1f} s, "
        + ", ".join(f"{time_words(start)} to {time_words(end)}" for start, end in person.times)
        for person in people.persons
    ]
    return lines + [f"left alone: {sentence}" for sentence in people.left_alone]


def people_sheet(people: People) -> np.ndarray:
    """Draws a card for each person: portrait, number, how long they are there, and when; at least one person."""
    count = len(people.persons)
    if not count:
        raise ValueError("`people` must have at least one person")
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    wide, high = CARD_PX, CARD_PX + TEXT_PX
    sheet = np.empty(
        (rows * (high + MARGIN_PX) + MARGIN_PX, columns * (wide + MARGIN_PX) + MARGIN_PX, 3), np.uint8
    )
    sheet[:] = PAPER
    for index, person in enumerate(people.persons):
        row, column = divmod(index, columns)
        y, x = MARGIN_PX + row * (high + MARGIN_PX), MARGIN_PX + column * (wide + MARGIN_PX)
        sheet[y : y + high, x : x + wide] = _card(person, wide, high)
    return sheet


def _card(person: Person, wide: int, high: int) -> np.ndarray:
    card = np.empty((high, wide, 3), np.uint8)
    card[:] = CARD
    gap = (wide - PORTRAIT_PX) // 2
    portrait = cv2.resize(person.portrait, (PORTRAIT_PX, PORTRAIT_PX), interpolation=cv2.INTER_CUBIC)
    card[gap : gap + PORTRAIT_PX, gap : gap + PORTRAIT_PX] = portrait
    number = str(person.number)
    middle, radius = gap + 24, 18
    half = max(radius, 6 + 7 * len(number))
    smooth = 4  # sixteenths of a pixel
    for x in (middle + half - radius, middle):
        cv2.circle(card, (x << smooth, middle << smooth), radius << smooth, BADGE, -1, cv2.LINE_AA, smooth)
    cv2.rectangle(card, (middle, middle - radius), (middle + half - radius, middle + radius), BADGE, -1)
    _write(card, number, (middle + (half - radius) / 2, middle), 22, CARD, "mm")
    top = gap + PORTRAIT_PX + 10
    _write(card, f"{person.seconds:.1f} s", (gap, top), 22, INK, "la")
    times = [f"{time_words(start)} to {time_words(end)}" for start, end in person.times]
    if len(times) > SHOWN_TIMES:
        last = f"{len(times) - SHOWN_TIMES + 1} more, till {time_words(person.times[-1][1])}"
        times = [*times[: SHOWN_TIMES - 1], last]
    for line, text in enumerate(times):
        _write(card, text, (wide - gap, top + 4 + 20 * line), 15, SOFT_INK, "ra")
    return card


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


def _write(
    picture: np.ndarray,
    text: str,
    at: tuple[float, float],
    size_px: int,
    colour: tuple[int, ...],
    anchor: str,
) -> None:
    """Writes `text` into `picture` itself; `anchor` says which of its points lies at `at`, in Pillow's letters."""
    mask = Image.new("L", picture.shape[1::-1])
    ImageDraw.Draw(mask).text(at, text, fill=255, font=_font(size_px), anchor=anchor)
    share = np.asarray(mask, np.float32)[..., None] / 255
    picture[:] = np.rint(picture + share * (np.array(colour, np.float32) - picture)).astype(np.uint8)
