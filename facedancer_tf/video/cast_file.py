"""Reads a cast: a YAML file that says which source goes to which person of a film.

    - source: anna.jpg
      person: 0
    - source: [ben_1.jpg, ben_2.jpg]
      person: somebody_in_the_film.jpg
    - source: carl.jpg
      person: {x: 320, y: 180, at: 12.5}

A source is one or more pictures of one person. A person is `largest`, `all`, a number, a picture, or a position: x and
y in pixels of the displayed film, and the time in seconds. Paths begin at the cast file's folder.
"""

from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import yaml

from facedancer_tf.errors import UserError
from facedancer_tf.video.casting import Position, Whom, Wish

LARGEST_BYTES = 2**20
LARGEST_COUNT = 100  # of wishes, and of pictures of one source
LARGEST_NUMBER = 1e9
OR_WHOM = ", a number, largest, all, or a position {x: …, y: …, at: …}"
POSITION = ("x", "y", "at")


def read_cast(path: Path) -> list[Wish]:
    """Reads the wishes in a cast file; raises UserError, one sentence with the line, where it holds anything else."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
        if len(content) > LARGEST_BYTES:
            raise UserError(
                f"{path} is too large for a cast: it may have {LARGEST_BYTES} bytes", "unreadable"
            )
        return _CastReader(path).wishes(yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader))
    except FileNotFoundError as error:
        raise UserError(f"there is no cast file {path}; check the name", "missing") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}", "unreadable") from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise UserError(f"{path}: {line}this is no YAML ({error.problem})", "unreadable") from error
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise UserError(f"{path} is no YAML text", "unreadable") from error


class _CastReader:
    """Turns the nodes of a parsed file into wishes; nodes know their lines, and nothing is built from their tags."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def wishes(self, node: yaml.Node | None) -> list[Wish]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self._fail(node, "a cast must be a list of `- source: …` with `person: …`")
        if len(node.value) > LARGEST_COUNT:
            self._fail(node, f"a cast may have {LARGEST_COUNT} sources. Received: {len(node.value)}")
        return [self._wish(item) for item in node.value]

    def _wish(self, node: yaml.Node) -> Wish:
        fields = self._mapping(node, ("source", "person"))
        if "source" not in fields:
            self._fail(node, "`source` must name a picture")
        source = fields["source"]
        pictures = source.value if isinstance(source, yaml.SequenceNode) else [source]
        if not 0 < len(pictures) <= LARGEST_COUNT:
            self._fail(source, f"`source` must be 1 to {LARGEST_COUNT} pictures. Received: {len(pictures)}")
        sources = tuple(self._path(picture, "source") for picture in pictures)
        return Wish(sources, self._whom(fields["person"])) if "person" in fields else Wish(sources)

    def _whom(self, node: yaml.Node) -> Whom:
        if isinstance(node, yaml.MappingNode):
            fields = self._mapping(node, POSITION)
            if set(fields) != set(POSITION):
                self._fail(node, "a position must have x, y and at")
            return Position(*(self._number(fields[name], name) for name in POSITION))
        if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":int"):
            return int(self._number(node, "person"))
        if isinstance(node, yaml.ScalarNode) and node.value in ("largest", "all"):
            return "largest" if node.value == "largest" else "all"
        return self._path(node, "person")

    def _path(self, node: yaml.Node, name: str) -> Path:
        if not isinstance(node, yaml.ScalarNode) or not node.tag.endswith(":str") or not node.value.strip():
            self._fail(node, f"`{name}` must be a picture's file{OR_WHOM if name == 'person' else ''}")
        if "\0" in node.value:
            self._fail(node, f"`{name}` must be a file's name")
        return self.path.parent / node.value

    def _number(self, node: yaml.Node, name: str) -> float:
        """A finite number from 0 on, whose size has a bound."""
        value = -1.0
        if isinstance(node, yaml.ScalarNode) and node.tag.endswith((":int", ":float")):
            with suppress(ValueError):
                value = float(node.value)
        if not 0 <= value <= LARGEST_NUMBER:
            self._fail(node, f"`{name}` must be a number from 0 on")
        return value

    def _mapping(self, node: yaml.Node, known: tuple[str, ...]) -> dict[str, yaml.Node]:
        """The fields of a mapping; refuses other names than those `known`, and a name that comes twice."""
        if not isinstance(node, yaml.MappingNode):
            self._fail(node, f"here must stand {' and '.join(f'`{name}: …`' for name in known)}")
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name not in known:
                self._fail(key, f"the fields here are {', '.join(known)}. Received: {str(name)[:40]!r}")
            if name in fields:
                self._fail(key, f"`{name}` is there twice")
            fields[name] = value
        return fields

    def _fail(self, node: yaml.Node | None, sentence: str) -> NoReturn:
        line = node.start_mark.line + 1 if node is not None else 1
        raise UserError(f"{self.path}, line {line}: {sentence}")
