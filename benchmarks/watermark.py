"""Measures the invisible watermark: what it survives, what it costs a picture, and how often it is found by mistake.

    python -m benchmarks.watermark photos/ --count 100
    python -m benchmarks.watermark photos/ drawings/ --false-alarms

The first command marks pictures (the bundled ones, or `--count` of those in the folders), handles each as the table's
rows say, and reads it. Printed for each row: the share of the model's 13 bits that the likeliest reading has right
(guessing has half), and the share of pictures in which the right mark is found. Where the package invisible-watermark
is installed, its dwtDctSvd stands beside (32 bits at its own strength; it has no threshold, so that bits are all it
says). Where PyAV is installed, H.264 is among the rows. The second command reads unmarked pictures.
"""

import argparse
import importlib.util
import io
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from tqdm import tqdm

from data.pictures import SUFFIXES, UnreadablePicture, read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.provenance.watermark import Watermark
from facedancer_tf.provenance.watermark_pattern import MODEL_BITS
from facedancer_tf.provenance.watermark_reading import CHANCE, chance, least_agreement, likeliest_reading

MODEL = 4711
Handling = Callable[[np.ndarray], np.ndarray]


def through(form: str, quality: int) -> Handling:
    def handle(rgb: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(rgb).save(file, form, quality=quality)
        return np.array(Image.open(file).convert("RGB"))

    return handle


def scaled(factor: float, interpolation: int = cv2.INTER_AREA) -> Handling:
    if factor > 1:
        interpolation = cv2.INTER_CUBIC
    return lambda rgb: cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=interpolation)


def cropped(share: float) -> Handling:
    """Cuts `share` off the width and off the height, more at the left and less at the right."""

    def handle(rgb: np.ndarray) -> np.ndarray:
        height, width = (round(side * share) for side in rgb.shape[:2])
        top, left = height // 2, round(width * 0.7)
        return rgb[top : rgb.shape[0] - height + top, left : rgb.shape[1] - width + left]

    return handle


def turned(degrees: float) -> Handling:
    def handle(rgb: np.ndarray) -> np.ndarray:
        height, width = rgb.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        return cv2.warpAffine(rgb, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)

    return handle


def shown(rgb: np.ndarray, level: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.clip(np.rint(255 * level(rgb / 255.0)), 0, 255).astype(np.uint8)


def noisy(levels: float) -> Handling:
    rng = np.random.default_rng(0)
    return lambda rgb: np.clip(np.rint(rgb + levels * rng.standard_normal(rgb.shape)), 0, 255).astype(
        np.uint8
    )


def framed(rgb: np.ndarray) -> np.ndarray:
    """A screenshot of a viewer: another size, a dark border of 8 % around, no file in between."""
    small = scaled(0.83, cv2.INTER_LINEAR)(rgb)
    border = round(0.08 * max(small.shape[:2]))
    return cv2.copyMakeBorder(small, border, border, border, border, cv2.BORDER_CONSTANT, value=(32, 32, 32))


def h264(crf: int) -> Handling:
    """One picture as a film of three frames by x264, of which the last is taken."""

    def handle(rgb: np.ndarray) -> np.ndarray:
        import av

        rgb, file = rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2], io.BytesIO()
        with av.open(file, "w", format="mp4") as film:
            stream = film.add_stream("libx264", rate=25, options={"crf": str(crf)})
            stream.height, stream.width, stream.pix_fmt = rgb.shape[0], rgb.shape[1], "yuv420p"
            for _ in range(3):
                film.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")))
            film.mux(stream.encode())
        with av.open(io.BytesIO(file.getvalue()), "r") as film:
            return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)][-1]

    return handle


def after(*steps: Handling) -> Handling:
    def handle(rgb: np.ndarray) -> np.ndarray:
        for step in steps:
            rgb = np.ascontiguousarray(step(rgb))
        return rgb

    return handle


HANDLINGS: dict[str, Handling] = {
    "nothing": lambda rgb: rgb,
    **{f"JPEG {quality}": through("JPEG", quality) for quality in (95, 85, 75, 60, 50, 40, 30)},
    **{f"WebP {quality}": through("WEBP", quality) for quality in (80, 50)},
    **{f"{factor} of its size": scaled(factor) for factor in (1.5, 0.75, 0.5, 0.4)},
    **{f"{share:.0%} of each side cut off": cropped(share) for share in (0.05, 0.1, 0.2, 0.3, 0.4)},
    "blur, σ 1 px": lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 1),
    "blur, σ 2 px": lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 2),
    **{f"noise, σ {levels} levels": noisy(levels) for levels in (5, 10)},
    "brightness × 0.6": lambda rgb: shown(rgb, lambda level: 0.6 * level),
    "brightness × 1.4": lambda rgb: shown(rgb, lambda level: 1.4 * level),
    "gamma 0.6": lambda rgb: shown(rgb, lambda level: level**0.6),
    "gamma 1.6": lambda rgb: shown(rgb, lambda level: level**1.6),
    **{f"turned by {degrees}°": turned(degrees) for degrees in (0.5, 1, 2, 3.3, 5)},
    "turned by 90°": np.rot90,
    "mirrored": lambda rgb: rgb[:, ::-1],
    "half its size, JPEG 75": after(scaled(0.5), through("JPEG", 75)),
    "10 % cut off, 0.8 of its size, JPEG 75": after(cropped(0.1), scaled(0.8), through("JPEG", 75)),
    "screenshot: 0.83 of its size, a border of 8 %": framed,
    "chat: 0.7 of its size, JPEG 70, 0.8 again, JPEG 60": after(
        scaled(0.7), through("JPEG", 70), scaled(0.8), through("JPEG", 60)
    ),
}
if importlib.util.find_spec("av"):
    HANDLINGS |= {f"H.264, CRF {crf}": h264(crf) for crf in (23, 28)}


def pictures_in(folders: list[Path]) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def rgbs(paths: list[Path], least_px: int) -> list[np.ndarray]:
    read = []
    for path in paths:
        try:
            rgb = read_picture(path).rgb
        except UnreadablePicture:
            continue
        if min(rgb.shape[:2]) >= least_px:
            read.append(rgb)
    return read


class DwtDctSvd:
    """The packaged invisible-watermark, by its method dwtDctSvd, with 32 bits."""

    def __init__(self) -> None:
        from imwatermark import WatermarkDecoder, WatermarkEncoder

        self.bits = np.random.default_rng(0).integers(0, 2, 32)
        self._encoder, self._decoder = WatermarkEncoder(), WatermarkDecoder("bits", len(self.bits))
        self._encoder.set_watermark("bits", self.bits.tolist())

    def mark(self, rgb: np.ndarray) -> np.ndarray:
        return self._encoder.encode(rgb[..., ::-1].copy(), "dwtDctSvd")[..., ::-1]

    def bits_right(self, rgb: np.ndarray) -> float:
        if min(rgb.shape[:2]) < 256:  # it refuses these: as good as guessing
            return 0.5
        read = np.asarray(self._decoder.decode(rgb[..., ::-1].copy(), "dwtDctSvd")).astype(int)
        return float((read == self.bits).mean())


def ours(rgb: np.ndarray) -> tuple[float, bool]:
    """Share of the model's bits that are read right, and whether the right mark is found."""
    reading = likeliest_reading(rgb)
    wrong = (reading.model_id ^ MODEL).bit_count()
    return 1 - wrong / MODEL_BITS, reading.chance <= CHANCE and wrong == 0


def structural_similarity(one: np.ndarray, other: np.ndarray) -> float:
    """SSIM (Wang et al. 2004) of two pictures' luma, Gaussian window of σ 1.5."""
    x, y = (cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float64) for rgb in (one, other))

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(
        (((2 * mx * my + c1) * (2 * both + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2))).mean()
    )


def print_cost(name: str, plain: list[np.ndarray], marked: list[np.ndarray], seconds: float) -> None:
    psnr = [cv2.PSNR(before, now) for before, now in zip(plain, marked, strict=True)]
    ssim = [structural_similarity(before, now) for before, now in zip(plain, marked, strict=True)]
    megapixels = sum(rgb.shape[0] * rgb.shape[1] for rgb in plain) / 1e6
    print(
        f"{name}: PSNR median {np.median(psnr):.1f} dB, least {min(psnr):.1f}; SSIM median {np.median(ssim):.4f}, "
        f"least {min(ssim):.4f}; marking {1e3 * seconds / len(plain):.0f} ms a picture, {megapixels:.1f} MP altogether"
    )


def print_table(plain: list[np.ndarray]) -> None:
    mark = Watermark(MODEL)
    began = time.perf_counter()
    marked = [mark.mark(rgb) for rgb in plain]
    sides = [max(rgb.shape[:2]) for rgb in plain]
    print(
        f"{len(plain)} pictures, longer side {min(sides)} to {max(sides)} px (median {np.median(sides):.0f})"
    )
    print_cost("this watermark", plain, marked, time.perf_counter() - began)
    other, others = None, []
    if importlib.util.find_spec("imwatermark"):
        other, began = DwtDctSvd(), time.perf_counter()
        others = [other.mark(rgb) for rgb in plain]
        print_cost("dwtDctSvd", plain, others, time.perf_counter() - began)
    print("\n| handling | bits right % | found % |" + (" dwtDctSvd: bits right % |" if other else ""))
    print("|---|---|---|" + ("---|" if other else ""))
    reading_s, readings = 0.0, 0
    for name, handle in tqdm(HANDLINGS.items(), unit="row"):
        handled = [np.ascontiguousarray(handle(rgb)) for rgb in marked]
        began = time.perf_counter()
        bits, found = zip(*map(ours, handled), strict=True)
        reading_s, readings = reading_s + time.perf_counter() - began, readings + len(handled)
        row = f"| {name} | {100 * np.mean(bits):.1f} | {100 * np.mean(found):.1f} |"
        if other:
            right = [other.bits_right(np.ascontiguousarray(handle(rgb))) for rgb in others]
            row += f" {100 * np.mean(right):.1f} |"
        tqdm.write(row)
    print(f"\nreading took {1e3 * reading_s / readings:.0f} ms a picture")


def print_false_alarms(paths: list[Path]) -> None:
    agreements: list[float] = []
    for path in tqdm(paths, unit="picture"):
        agreements += [likeliest_reading(rgb).agreement for rgb in rgbs([path], 1)]
    alarms = sum(chance(agreement) <= CHANCE for agreement in agreements)
    most = np.sort(agreements)[::-1][:5]
    print(
        f"{len(agreements)} unmarked pictures: {alarms} alarms. Agreement: median {np.median(agreements):.3f}, "
        f"the five largest {', '.join(f'{value:.3f}' for value in most)}; a mark is found from "
        f"{least_agreement():.3f} on (bound {CHANCE:g} a picture)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folders", nargs="*", type=Path, help="folders of unmarked pictures (the bundled ones)"
    )
    parser.add_argument("--count", type=int, default=100, help="pictures to mark, evenly chosen (100)")
    parser.add_argument(
        "--least-px", type=int, default=0, help="leave out pictures whose shorter side is less (0)"
    )
    parser.add_argument("--false-alarms", action="store_true", help="read unmarked pictures instead")
    arguments = parser.parse_args()
    paths = pictures_in(arguments.folders) if arguments.folders else bundled_pictures()
    if arguments.false_alarms:
        print_false_alarms(paths)
    else:
        print_table(rgbs(paths[:: max(1, len(paths) // arguments.count)], arguments.least_px))


if __name__ == "__main__":
    main()
