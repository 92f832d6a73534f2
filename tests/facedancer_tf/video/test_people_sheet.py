import numpy as np
import pytest

from facedancer_tf.video.debug_drawing import draw_debug
from facedancer_tf.video.people_sheet import people_lines, people_sheet
from tests.facedancer_tf.video.people_for_tests import make_people, track

PEOPLE = make_people([track(0, 99)], [track(20, 29, x=300), track(60, 79, x=300)])


def test_lines_say_who_is_there_when() -> None:
    assert people_lines(PEOPLE) == [
        "person 0: 10.0 s, 0:00.0 to 0:10.0",
        "person 1: 3.0 s, 0:02.0 to 0:03.0, 0:06.0 to 0:08.0",
        "left alone: a face at 0:01.0 is there for 0.2 s only",
    ]


def test_the_sheet_has_a_card_for_each_person() -> None:
    one, two = people_sheet(make_people([track(0, 9)])), people_sheet(PEOPLE)
    assert (one.dtype, one.shape[0]) == (np.uint8, two.shape[0])
    assert two.shape[1] - one.shape[1] == one.shape[1] - 20  # a margin less than one sheet
    six = people_sheet(make_people(*[[track(0, 9)] for _ in range(6)]))
    assert six.shape[0] - 20 == 2 * (one.shape[0] - 20)
    assert six.shape[1] - 20 == 5 * (one.shape[1] - 20)


def test_cards_differ_by_number_portrait_and_times() -> None:
    sheet = people_sheet(PEOPLE)
    half = (sheet.shape[1] - 20) // 2
    first, second = sheet[:, :half].astype(int), sheet[:, half : 2 * half].astype(int)
    assert (np.abs(first - second)[140:150, 100:110] == 40).all()  # the portraits
    assert np.abs(first - second)[30:60, 30:70].max() > 100  # the numbers
    assert np.abs(first - second)[-60:].max() > 100  # the times


def test_nobody_has_no_sheet() -> None:
    with pytest.raises(ValueError, match="at least one person"):
        people_sheet(make_people())


def test_debug_draws_who_is_there_and_nothing_else() -> None:
    black = np.zeros((200, 400, 3), np.uint8)
    drawn = draw_debug(black, PEOPLE, 25)
    assert drawn[80:121, 80:121].any()
    assert drawn[80:121, 280:321].any()
    assert not draw_debug(black, PEOPLE, 40)[:, 250:].any()
    assert not black.any()


def test_the_outline_turns_red_while_a_face_fades() -> None:
    black = np.zeros((200, 400, 3), np.uint8)
    people = make_people([track(0, 9)])
    strong, fading = (draw_debug(black, people, frame)[112:117, 112:117] for frame in (0, 9))
    assert fading[..., 0].max() > strong[..., 0].max() + 30
