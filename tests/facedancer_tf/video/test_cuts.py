import numpy as np

from facedancer_tf.video.cuts import Cuts

RANDOM = np.random.default_rng(0)
SCENES = [RANDOM.uniform(0, 255, (36, 64)).astype(np.float32) for _ in range(2)]


def starts(pictures: list[np.ndarray]) -> list[int]:
    cuts = Cuts()
    return [number for number, luma in enumerate(pictures) if cuts.starts_shot(luma)]


def test_the_first_frame_and_a_cut_start_a_shot() -> None:
    assert starts([SCENES[0]] * 5 + [SCENES[1]] * 5) == [0, 5]


def test_a_slow_change_of_light_is_no_cut() -> None:
    assert starts([SCENES[0] * (1 - 0.03 * number) for number in range(20)]) == [0]


def test_a_camera_in_constant_motion_cuts_only_where_the_scene_changes() -> None:
    moving = [np.roll(SCENES[0] * 0.2, 3 * number, axis=1) for number in range(15)]
    assert starts([*moving, *(200 - picture for picture in moving)]) == [0, 15]


def test_another_size_starts_a_shot() -> None:
    assert starts([SCENES[0], SCENES[0], SCENES[0][:20]]) == [0, 2]
