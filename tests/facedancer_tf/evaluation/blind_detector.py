"""A detector that does not find every face."""

from data.faces.detection import build_detector


class BlindTo:
    """Finds no face, or fails, in the pictures for which `cannot_see` is true."""

    name = "blind"

    def __init__(self, cannot_see, error: Exception | None = None) -> None:
        self._detector, self._cannot_see, self._error = build_detector(), cannot_see, error

    def detect(self, picture, search="patient"):
        if not self._cannot_see(picture):
            return self._detector.detect(picture, search)
        if self._error:
            raise self._error
        return []
