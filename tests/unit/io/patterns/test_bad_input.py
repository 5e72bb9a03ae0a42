"""What is no pattern: one clear line that says what came and what to do."""

from __future__ import annotations

import io
import os
import time
import zipfile
from pathlib import Path

import made_files as made
import numpy as np
import pytest

from porescope.errors import ParseError
from porescope.io.patterns import source
from porescope.io.patterns.reader import read_pattern


def two_columns(angle: np.ndarray, intensity: np.ndarray) -> bytes:
    return "\n".join(f"{x:.6g} {y:.6g}" for x, y in zip(angle, intensity, strict=True)).encode()


def refusal(path: Path) -> str:
    with pytest.raises(ParseError) as caught:
        read_pattern(path)
    text = str(caught.value)
    assert text.startswith(path.name)
    assert "\n" not in text
    assert len(text) < 400
    return text


_NOISE = np.random.default_rng(1).integers(0, 256, 5000, dtype=np.uint8).tobytes()
_FLAT = np.full(made.N, 7.0)
_BAD = {
    "empty": (b"", "empty file"),
    "blank": (b"\n \n\t\n", "empty file"),
    "rubbish": (_NOISE, "binary data|archive|picture|program"),
    "png": (b"\x89PNG\r\n\x1a\n" + _NOISE, "PNG picture"),
    "jpeg": (b"\xff\xd8\xff\xe0" + _NOISE, "JPEG picture"),
    "pdf": (b"%PDF-1.7\n" + _NOISE, "PDF document"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + _NOISE, "HDF5"),
    "gzip": (b"\x1f\x8b" + _NOISE, "unpack it first"),
    "old office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + _NOISE, "Office document"),
    "html": (b"<!doctype html><html><body>404</body></html>", "XML or HTML"),
    "json": (b'{"wavelength": 1.54}', "JSON"),
    "prose": (b"Dear colleague,\nplease find the pattern attached.\n" * 20, "without columns"),
    "one column": ("\n".join(f"{y:.0f}" for y in made.COUNTS).encode(), "one column"),
    "few points": (made.table(" ")[:100], "at least 20 points"),
    "nan": (made.table(" ").replace(b"1000.0", b"nan"), "came nan as the intensity of point"),
    "inf": (made.table(" ").replace(b"1000.0", b"inf"), "came inf"),
    "not monotonic": (made.table(" ") + made.table(" "), "expected rising angles"),
    "centidegrees": (two_columns(100 * made.ANGLE, made.COUNTS), "below 180°.*centidegrees"),
    "far too narrow": (two_columns(made.ANGLE / 1000, made.COUNTS), "some degrees"),
    "all negative": (two_columns(made.ANGLE, -made.COUNTS), "expected positive"),
    "a difference": (two_columns(made.ANGLE, 500.0 - made.COUNTS), "mostly positive"),
    "constant": (two_columns(made.ANGLE, _FLAT), "same intensity"),
    "peak list": (
        two_columns(np.sort(np.random.default_rng(2).uniform(5, 50, 60)), np.arange(1.0, 61.0)),
        "list of peaks",
    ),
    "absurd": (made.table(" ").replace(b"1000.0", b"1e300"), "below 1e.30"),
    "reflections": (
        b"h k l d I\n" + b"".join(b"%d 0 0 %.3f 5\n" % (i, 9 / i) for i in range(1, 40)),
        "list of reflections",
    ),
    "one angle": (two_columns(_FLAT, made.COUNTS), "repeated angles"),
    "entity bomb": (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
        b"<xrdMeasurements>&b;</xrdMeasurements>",
        "own entities",
    ),
    "external entity": (
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xrdMeasurements>&a;'
        b"</xrdMeasurements>",
        "own entities",
    ),
    "cut xml": (made.xrdml()[:900], "damaged or cut off"),
    "cut archive": (made.rasx()[:700], "damaged"),
    "cut raw": (made.raw3()[:900], "cut off"),
    "word": (made.archive(word__document_xml="<w/>"), "Word document"),
    "excel": (made.archive(xl__workbook_xml="<w/>"), "Excel workbook.*CSV"),
    "other zip": (made.archive(readme_txt="hello"), "zip archive with readme.txt"),
    "empty zip": (b"PK\x05\x06" + bytes(18), "zip archive with nothing"),
    "deep xml": (b"<xrdMeasurements>" + b"<a>" * 50_000, "damaged|nested|own entities"),
}


@pytest.mark.parametrize("case", _BAD)
def test_bad_file_is_named(tmp_path: Path, case: str) -> None:
    data, reason = _BAD[case]
    path = tmp_path / "bad.xy"
    path.write_bytes(data)
    with pytest.raises(ParseError, match=reason):
        read_pattern(path)
    refusal(path)


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "none.xy")


def test_folder(tmp_path: Path) -> None:
    assert "came a folder" in refusal(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.xy")
    assert "pipe" in refusal(tmp_path / "pipe.xy")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "locked.xy"
    path.write_bytes(made.table(" "))
    path.chmod(0)
    assert "no permission" in refusal(path)


def test_no_permission_as_the_system_reports_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "locked.xy"
    path.write_bytes(made.table(" "))

    def locked(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", locked)
    assert "no permission" in refusal(path)


def test_huge_file_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "huge.xy"
    with path.open("wb") as file:
        file.truncate(500 * 2**20)
    started = time.perf_counter()
    assert "at most 200 MB, came 500 MB" in refusal(path)
    assert time.perf_counter() - started < 0.5


def test_zip_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 2**20)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("Data0/Profile0.txt", bytes(20 * 2**20))
    path = tmp_path / "bomb.rasx"
    path.write_bytes(buffer.getvalue())
    assert len(buffer.getvalue()) < 2**20
    assert "more than 1 MB" in refusal(path)


def test_scrambled_points_are_refused_and_weak_noise_is_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    angle = 10.0 + 0.02 * np.arange(2000)
    peaks = sum(900.0 * np.exp(-(((angle - at) / 0.15) ** 2)) for at in (12, 18, 25, 31, 40))
    counts = rng.poisson(50.0 + peaks).astype(float)
    path = tmp_path / "scan.xy"
    path.write_bytes(two_columns(angle, counts))
    assert read_pattern(path).n_points == 2000
    path.write_bytes(two_columns(angle, rng.permutation(counts)))
    assert "scrambled" in refusal(path)
    path.write_bytes(two_columns(angle, rng.poisson(20.0, 2000).astype(float)))
    assert read_pattern(path).n_points == 2000


def test_descending_scan_is_turned(tmp_path: Path) -> None:
    path = tmp_path / "scan.xy"
    path.write_bytes(two_columns(made.ANGLE[::-1], made.COUNTS[::-1]))
    pattern = read_pattern(path)
    np.testing.assert_allclose(pattern.intensity, made.COUNTS)
    assert any("turned" in note for note in pattern.notes)


def test_repeated_angles_are_averaged(tmp_path: Path) -> None:
    angle = np.insert(made.ANGLE, 10, made.ANGLE[10])
    counts = np.insert(made.COUNTS, 10, 300.0)
    rows = (f"{x:.3f} {y:.1f} {np.sqrt(y):.5f}" for x, y in zip(angle, counts, strict=True))
    path = tmp_path / "scan.xye"
    path.write_text("\n".join(rows))
    pattern = read_pattern(path)
    assert pattern.n_points == made.N
    assert pattern.intensity[10] == pytest.approx((300.0 + made.COUNTS[10]) / 2)
    assert pattern.sigma[10] == pytest.approx(np.sqrt(300.0 + made.COUNTS[10]) / 2, rel=1e-4)
    assert any("averaged: 1" in note for note in pattern.notes)


def test_points_before_the_direct_beam_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "scan.xy"
    path.write_bytes(two_columns(made.ANGLE - 11.0, made.COUNTS))
    pattern = read_pattern(path)
    assert pattern.two_theta_deg[0] > 0
    assert any("left out: 21" in note for note in pattern.notes)


def test_small_negative_intensities_stay(tmp_path: Path) -> None:
    path = tmp_path / "scan.xy"
    path.write_bytes(two_columns(made.ANGLE, made.COUNTS - 105.0))
    pattern = read_pattern(path)
    assert pattern.intensity.min() == pytest.approx(-5.0)
    assert np.all(pattern.sigma > 0)
    assert any("negative" in note for note in pattern.notes)
