"""Damage to files: bit flips, cuts, splices, inserted lines, swapped chunks."""

from __future__ import annotations

import io
import zipfile

import numpy as np

TRAPS = (
    b"nan\n", b"1e999 1e999\n", b"-1 -1 -1\n", b"\x00" * 16, b"\xff" * 16, b"inf inf\n",
    b"0 0\n", b"180 5\n", b"data_x\nloop_\n", b"<!DOCTYPE x>", b"BANK 1 99999999 1 CONST 0 0\n",
    b"1,5;2,5\n", b"9" * 400, b"\r\n\r\n", b"_2THETACOUNTS\n", b"END\n", b"'", b";\n", b"\xc3\x28",
)  # fmt: skip


def mutated(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A damaged copy of a file; archives are damaged outside or inside."""
    if data[:2] == b"PK" and rng.random() < 0.6:
        return _inside(data, other, rng)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        data = _once(data, other, rng)
    return data


def _inside(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        names = old.namelist()
        chosen = names[int(rng.integers(len(names)))]
        for name in names:
            content = old.read(name)
            if name == chosen and content:
                if rng.random() < 0.1:
                    continue
                content = _once(content, other, rng)
            new.writestr(name, content)
    return buffer.getvalue()


def _once(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    size = len(data)
    if size < 4:
        return data + b"?"
    # Headers are short and decide most: half of all damage goes there.
    reach = size if rng.random() < 0.5 else min(size, 1500)
    at = int(rng.integers(reach))
    length = int(rng.integers(1, max(2, min(size // 4, 2000))))
    kind = int(rng.integers(9))
    if kind == 0:
        changed = bytearray(data)
        for place in rng.integers(0, reach, int(rng.integers(1, 8))):
            changed[int(place)] ^= 1 << int(rng.integers(8))
        return bytes(changed)
    if kind == 1:
        return data[:at]
    if kind == 2:
        return data[at:]
    if kind == 3:
        return data[:at] + data[at + length :]
    if kind == 4:
        begin = int(rng.integers(max(1, len(other))))
        return data[:at] + other[begin : begin + length] + data[at:]
    if kind == 5:
        trap = TRAPS[int(rng.integers(len(TRAPS)))]
        line = data.find(b"\n", at) + 1
        return data[:line] + trap + data[line:]
    if kind == 6:
        middle = int(rng.integers(size))
        low, high = sorted((at, middle))
        return data[:low] + data[high : high + length] + data[low:high] + data[high + length :]
    if kind == 7:
        noise = rng.integers(0, 256, min(length, 64), dtype=np.uint8).tobytes()
        return data[:at] + noise + data[at + len(noise) :]
    digits = bytearray(data)
    for place in rng.integers(0, reach, 6):
        if 48 <= digits[int(place)] <= 57:
            digits[int(place)] = int(rng.choice(list(b"0123456789.-e ,")))
    return bytes(digits)
