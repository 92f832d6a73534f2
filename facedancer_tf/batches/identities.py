"""The identities of a batch's sources, each found and embedded once, however many targets it goes into."""

from pathlib import Path

from facedancer_tf.errors import UserError
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.swap_inputs import Source, find_source
from facedancer_tf.swapping.swapper import Swapper


class Identities:
    """Embeds sources in two steps, so that one thread may find faces (`find`) while another runs networks (`embed`).

    Pixels are held from the first step to the second only. An error of a source is raised for each job that it has.
    """

    def __init__(self, swapper: Swapper) -> None:
        self._swapper = swapper
        self._known: dict[tuple[Path, ...], Source | Identity | UserError] = {}

    def find(self, paths: tuple[Path, ...]) -> None:
        """Reads the pictures of one person and finds their faces; raises UserError naming one that cannot be used."""
        if paths not in self._known:
            try:
                self._known[paths] = find_source(self._swapper, paths)
            except UserError as error:
                self._known[paths] = error
        known = self._known[paths]
        if isinstance(known, UserError):
            raise known

    def embed(self, paths: tuple[Path, ...]) -> Identity:
        """The identity of what `find` has found; raises UserError as it does."""
        known = self._known[paths]
        if isinstance(known, Source):
            try:
                known = self._swapper.embed_faces(known.pictures, known.faces)
            except UserError as error:
                known = error
            self._known[paths] = known
        if isinstance(known, UserError):
            raise known
        return known
