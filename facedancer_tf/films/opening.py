"""Opens people's films, which are not to be trusted: one local file, of the kinds that hold their frames themselves.

FFmpeg also opens lists that name other files or hosts (HLS, DASH, concat), devices and numbered pictures. None of
these is opened here, whatever a file is called.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from facedancer_tf.errors import UserError

FORMATS = (
    "mov", "matroska", "gif", "apng", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "live_flv", "asf", "ogg", "h264",
    "hevc", "vvc", "obu", "av1", "ivf", "m4v", "mjpeg", "mxf", "nut", "rm", "dv", "wtv", "yuv4mpegpipe", "h263", "swf",
)  # fmt: skip
FROM_ANYWHERE = ("mpegts", "mpeg")  # broadcasts, whose clock starts at any time
PIXELS_MAX = 40_000_000  # 8K has 35 million


@contextmanager
def open_film(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Opens a film and its video stream for this block; raises UserError in one sentence where there is none.

    A cover picture is no video stream. Of several streams the one that players choose by default is taken.
    """
    if not path.exists():
        raise UserError(f"{path}: there is no such file", "missing")
    if not path.is_file():
        raise UserError(f"{path}: a film is one file, and this is none", "unreadable")
    only = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
    try:
        container = av.open(
            f"file:{path.absolute()}",
            options={"max_pixels": str(PIXELS_MAX)},
            container_options=only,
            metadata_errors="replace",
        )
    except PermissionError as error:
        raise UserError(f"{path}: the file may not be read", "unreadable") from error
    except av.ArgumentError as error:
        sentence = f"{path}: is no film; it may be a picture, or a list that names other files"
        raise UserError(sentence, "unreadable") from error
    except av.FFmpegError as error:
        raise UserError(f"{path}: is no film, or is damaged at its start", "unreadable") from error
    with container:
        yield container, _video_stream(container, path)


def clock_start(container: InputContainer, stream: VideoStream) -> int:
    """What the film's clock says at its beginning, in the stream's time base; 0 but for broadcasts."""
    if container.format.name not in FROM_ANYWHERE:
        return 0
    return round(Fraction(container.start_time or 0, av.time_base) / (stream.time_base or 1))


def check_size(path: Path, width: int, height: int) -> None:
    """Raises UserError for frames of more pixels than any film has."""
    if width * height > PIXELS_MAX:
        size = f"{width} x {height} px"
        raise UserError(
            f"{path}: a film's frames may have {PIXELS_MAX:,} pixels at most. Received: {size}", "unreadable"
        )


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    covers = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & covers]
    if not streams:
        raise UserError(f"{path}: holds no video", "unreadable")
    stream = next((stream for stream in streams if stream.disposition & Disposition.default), streams[0])
    if stream.codec_context is None:
        raise UserError(f"{path}: its video is encrypted, or of a codec that is not known here", "unreadable")
    check_size(path, stream.codec_context.width, stream.codec_context.height)
    stream.codec_context.options = {"max_pixels": str(PIXELS_MAX)}
    stream.thread_type = "AUTO"
    return stream
