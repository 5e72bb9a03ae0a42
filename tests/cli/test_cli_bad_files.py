"""Files that hold no pattern: one clear line, nothing written."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest


def columns(*rows: str) -> bytes:
    return "\n".join(rows).encode()


def picture() -> bytes:
    """A valid picture of one black point."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + kind + body + check

    head = (1).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    body = zlib.compress(b"\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


ANGLES = np.arange(5.0, 50.0, 0.05)
FILES = {
    "empty.xy": b"",
    "blank.xy": b"\n\n  \n",
    "picture.xrdml": picture(),
    "rubbish.raw": np.random.default_rng(1).bytes(4000),
    "one_column.xy": columns(*[f"{x:.2f}" for x in ANGLES]),
    "words.txt": b"Dear colleague, the pattern is attached. Yours, M.\n" * 40,
    "numbers.json": json.dumps({"x": [1, 2, 3]}).encode(),
    "nan.xy": columns(*[f"{x:.2f} nan" for x in ANGLES]),
    "negative.xy": columns(*[f"{x:.2f} -5" for x in ANGLES]),
    "zigzag.xy": columns(*[f"{x * (-1) ** i:.2f} 5" for i, x in enumerate(ANGLES)]),
    "short.xy": columns("5 1", "6 2", "7 1"),
    "truncated.xrdml": b'<?xml version="1.0"?><xrdMeasurements><xrdMeasurement><scan>',
}


@pytest.mark.parametrize("name", FILES)
def test_no_pattern(porescope, tmp_path, name) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    out = tmp_path / "r"
    shown = porescope("solve", path, "--wavelength", "CuKa", "--out", out)
    assert shown.code == 2
    assert shown.out == ""
    assert shown.err.startswith(f"error: {name}")
    assert shown.err.count("\n") == 1
    assert len(shown.err) > len(name) + 30  # it says more than that it failed
    assert sorted(file.name for file in tmp_path.iterdir()) == [name]


def test_the_wavelength_is_asked_for(porescope, pattern_file, tmp_path) -> None:
    shown = porescope("solve", pattern_file, "--out", tmp_path / "r")
    assert shown.code == 2
    assert "--wavelength" in shown.err
    assert not (tmp_path / "r").exists()


def test_a_library_that_is_none(porescope, pattern_file, tmp_path) -> None:
    words = ("--wavelength", "CuKa", "--library", pattern_file, "--out", tmp_path / "r")
    shown = porescope("solve", pattern_file, *words)
    assert shown.code == 2
    assert "scan.xy" in shown.err
    assert shown.err.count("\n") == 1
