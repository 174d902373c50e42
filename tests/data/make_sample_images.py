#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Writes sample_images.hpp: small files of each format as Pillow makes them, and the CRC-32 of what Pillow reads in them (needs python3-pil).

import io
import pathlib
import zlib

import numpy as np
from PIL import Image, ImageOps

HEIGHT, WIDTH = 5, 7


def noise(channels):
    """The high byte of i * 2654435761 mod 2^32."""
    count = HEIGHT * WIDTH * channels
    values = (np.arange(count, dtype=np.uint32) * np.uint32(2654435761)) >> np.uint32(24)
    return values.astype(np.uint8).reshape((HEIGHT, WIDTH, channels) if channels > 1 else (HEIGHT, WIDTH))


def oriented(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def written(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def crc(array):
    return zlib.crc32(np.ascontiguousarray(array).tobytes())


def planes(image):
    return np.array(image.convert("RGB")).transpose(2, 0, 1)


grey, colour = Image.fromarray(noise(1)), Image.fromarray(noise(3))
clear = Image.fromarray(noise(4), "RGBA")
smooth = Image.fromarray(np.array([[[10 * x + 20, 12 * y + 30, 5 * (x + y) + 60] for x in range(WIDTH)] for y in range(HEIGHT)], dtype=np.uint8))
four = colour.quantize(4)
black_and_white = grey.convert("1")
turned = four.transpose(Image.Transpose.FLIP_LEFT_RIGHT)

files = {
    "bmp, 24 bits": written(colour, "BMP"),
    "bmp, 32 bits": written(clear, "BMP"),
    "bmp, black and white": written(black_and_white, "BMP"),
    "gif, grey": written(grey, "GIF"),
    "gif, of a palette": written(four, "GIF"),
    "gif, rows in order": written(four, "GIF", interlace=0),
    "gif, animated": written(four, "GIF", save_all=True, append_images=[turned], transparency=3),
    "webp, without loss": written(colour, "WEBP", lossless=True),
    "webp, with loss": written(smooth, "WEBP", quality=80),
    "webp, larger": written(smooth.resize((40, 30)), "WEBP", quality=60),
    "webp, with alpha": written(clear, "WEBP", lossless=True, exact=True),
    "webp, oriented": written(colour, "WEBP", lossless=True, exif=oriented(6)),
    "tiff, plain": written(colour, "TIFF"),
    "tiff, grey": written(grey, "TIFF", compression="tiff_lzw"),
    "tiff, lzw": written(colour, "TIFF", compression="tiff_lzw"),
    "tiff, deflate": written(colour, "TIFF", compression="tiff_adobe_deflate"),
    "tiff, jpeg": written(smooth, "TIFF", compression="jpeg"),
    "tiff, black and white": written(black_and_white, "TIFF"),
    "tiff, with alpha": written(clear, "TIFF"),
    **{f"png, orientation {number}": written(colour, "PNG", exif=oriented(number)) for number in range(1, 9)},
}

text = """// SPDX-License-Identifier: Apache-2.0
//
// Made by make_sample_images.py with Pillow PILLOW: files of each format, and the CRC-32 of the bytes that Pillow reads in them, one channel
// after another: as RGB, as L of that, and as RGB turned by the orientation in the metadata.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ballast::data::testing {

struct SampleImage {
  std::string name, hex;
  int height, width;
  std::uint32_t rgb, grey, turned;
};

// clang-format off
inline const std::vector<SampleImage> sample_images{
""".replace("PILLOW", Image.__version__ if hasattr(Image, "__version__") else __import__("PIL").__version__)
for name, contents in files.items():
    image = Image.open(io.BytesIO(contents))
    array = planes(image)
    luma = np.array(image.convert("RGB").convert("L"))
    upright = planes(ImageOps.exif_transpose(image))
    digits = contents.hex()
    lines = [digits[i : i + 120] for i in range(0, len(digits), 120)]
    joined = "\n".join(f'     "{line}"' for line in lines)
    text += f'    {{"{name}",\n{joined},\n     {array.shape[1]}, {array.shape[2]}, 0x{crc(array):08x}, 0x{crc(luma):08x}, 0x{crc(upright):08x}}},\n'
text += """};
// clang-format on

}  // namespace ballast::data::testing
"""
pathlib.Path(__file__).with_name("sample_images.hpp").write_text(text, encoding="utf-8")
