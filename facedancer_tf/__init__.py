"""FaceDancer, pose- and occlusion-aware face swapping (Rosberg et al., WACV 2023), in TensorFlow and Keras.

What a program of one's own needs stands here: `from facedancer_tf import Swapper`. Each name is imported at its first
use, so that importing this package loads neither TensorFlow nor Keras.
"""

TYPE_CHECKING = (
    False  # for a type checker it is true; importing `typing` for it would take longer than all else here
)
if TYPE_CHECKING:
    from facedancer_tf.errors import UserError as UserError
    from facedancer_tf.provenance.swapped import Swapped as Swapped
    from facedancer_tf.provenance.swapped import UsedModel as UsedModel
    from facedancer_tf.provenance.writing import write_swapped as write_swapped
    from facedancer_tf.quiet_start import load_tensorflow_quietly as load_tensorflow_quietly
    from facedancer_tf.swapping.identity import Identity as Identity
    from facedancer_tf.swapping.swapper import Swapper as Swapper
    from facedancer_tf.video.casting import Wish as Wish
    from facedancer_tf.video.film_settings import FilmSettings as FilmSettings
    from facedancer_tf.video.film_swap import swap_film as swap_film
    from facedancer_tf.weights.model_file import load_model_file as load_model_file

__version__ = "0.1.0"
_PLACES = {
    "FilmSettings": "facedancer_tf.video.film_settings",
    "Identity": "facedancer_tf.swapping.identity",
    "Swapped": "facedancer_tf.provenance.swapped",
    "Swapper": "facedancer_tf.swapping.swapper",
    "UsedModel": "facedancer_tf.provenance.swapped",
    "UserError": "facedancer_tf.errors",
    "Wish": "facedancer_tf.video.casting",
    "load_model_file": "facedancer_tf.weights.model_file",
    "load_tensorflow_quietly": "facedancer_tf.quiet_start",
    "swap_film": "facedancer_tf.video.film_swap",
    "write_swapped": "facedancer_tf.provenance.writing",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
