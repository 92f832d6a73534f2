"""Takes the parts of a multipart form as a parser finds them: files into a folder, texts into memory, within bounds."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.multipart import parse_options_header

from facedancer_tf.serving.errors import Refusal

TEXT_MAX_BYTES = 200


@dataclass(frozen=True)
class FileField:
    """A field of files: at most `most` of them, each of at most `most_bytes`."""

    most: int
    most_bytes: int
    required: bool = True


@dataclass(frozen=True)
class Form:
    """What came: the files by field, in order, and the texts by field."""

    folder: Path
    files: dict[str, list[Path]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


class FormParts:
    """Takes what the parser finds; runs in a thread, one call at a time."""

    def __init__(self, form: Form, files: dict[str, FileField], texts: tuple[str, ...]) -> None:
        self.form, self.file_fields, self.text_fields = form, files, texts
        self.name = self.header = ""
        self.value = b""
        self.disposition = b""
        self.text = bytearray()
        self.file: BinaryIO | None = None
        self.left_bytes = 0
        self.ended = False

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self.begin,
            "on_header_field": self.header_name,
            "on_header_value": self.header_value,
            "on_header_end": self.header_end,
            "on_headers_finished": self.open,
            "on_part_data": self.data,
            "on_part_end": self.close,
            "on_end": self.end,
        }

    def begin(self) -> None:
        self.header, self.value, self.disposition = "", b"", b""

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self.header += data[start:end].decode("latin-1").lower()

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def header_end(self) -> None:
        if self.header == "content-disposition":
            self.disposition = self.value
        self.header, self.value = "", b""

    def open(self) -> None:
        _, options = parse_options_header(self.disposition)
        self.name = options.get(b"name", b"").decode("utf-8", "replace")
        if self.name in self.file_fields:
            allowed, paths = self.file_fields[self.name], self.form.files.setdefault(self.name, [])
            if len(paths) == allowed.most:
                raise Refusal(
                    413, "too_large", f"the field {self.name} may come at most {allowed.most} times"
                )
            path = self.form.folder / f"{self.name}_{len(paths) + 1}"
            paths.append(path)
            self.file, self.left_bytes = path.open("xb"), allowed.most_bytes
        elif self.name not in self.text_fields:
            known = ", ".join([*self.file_fields, *self.text_fields])
            raise Refusal(400, "bad_request", f"a field of the form is unknown; there are {known}")
        elif self.name in self.form.texts:
            raise Refusal(400, "bad_request", f"the field {self.name} came twice")
        else:
            self.text.clear()
            self.left_bytes = TEXT_MAX_BYTES

    def data(self, data: bytes, start: int, end: int) -> None:
        self.left_bytes -= end - start
        if self.left_bytes < 0:
            most = self.file_fields[self.name].most_bytes if self.file else TEXT_MAX_BYTES
            raise too_large(f"the field {self.name}", most)
        if self.file:
            self.file.write(memoryview(data)[start:end])
        else:
            self.text += data[start:end]

    def close(self) -> None:
        if self.file:
            self.file.close()
            self.file = None
        elif self.name in self.text_fields:
            self.form.texts[self.name] = self.text.decode("utf-8", "replace")

    def end(self) -> None:
        self.ended = True

    def check_whole(self) -> None:
        """Raises Refusal where the form was cut off or lacks a file."""
        if not self.ended:
            raise Refusal(400, "bad_request", "the body is no whole multipart form")
        for name, allowed in self.file_fields.items():
            paths = self.form.files.get(name, [])
            if allowed.required and not paths:
                raise Refusal(400, "bad_request", f"the field {name} is missing: send a file in it")
            if any(path.stat().st_size == 0 for path in paths):
                raise Refusal(400, "bad_request", f"the field {name} holds an empty file; choose another")


def too_large(what: str, most_bytes: int) -> Refusal:
    return Refusal(413, "too_large", f"{what} may have at most {most_bytes:,} bytes")
