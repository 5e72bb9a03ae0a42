"""Pages: the powder cards' numbers, many cards to one compressed block of bytes.

A page holds, for each of up to a few hundred cards, the cell (six float32), the elements (two
64-bit masks), the space-group number, the scale of both radiations, and its reflections. The
reflections of a card stand in lexicographic order of their indices, so that differences are
small; intensities are logarithms relative to the strongest, in steps of 2 % for X-rays (error
below 1 %) and 8 % for neutrons (error below 4 %). Bytes of the same meaning stand together
and are deflated.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt
from numba import njit

from porescope.datasets.cards import PowderCard, element_mask
from porescope.errors import ParseError

MAGIC = b"PSC1"
"""First bytes of a page."""
XRAY_STEP = 0.0199
"""Step of the logarithm of X-ray intensities."""
NEUTRON_STEP = 0.078
"""Step of the logarithm of neutron intensities."""
XRAY_LAST = 1023
"""Code of an X-ray intensity of zero (below 2e-9 of the strongest)."""
NEUTRON_LAST = 255
"""Code of a neutron intensity of zero (below 2e-9 of the strongest)."""

_HEADER = struct.Struct("<4sIII")
_XRAY_TABLE = np.exp(-XRAY_STEP * np.arange(XRAY_LAST + 1)).astype(np.float32)
_XRAY_TABLE[XRAY_LAST] = 0.0
_NEUTRON_TABLE = np.exp(-NEUTRON_STEP * np.arange(NEUTRON_LAST + 1)).astype(np.float32)
_NEUTRON_TABLE[NEUTRON_LAST] = 0.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Page:
    """Decoded numbers of the cards of one page."""

    cells: Float[np.ndarray, "cards 6"]
    """a, b, c [Å], alpha, beta, gamma [°]."""
    masks: UInt[np.ndarray, "cards 2"]
    """Elements as bits: element Z is bit (Z - 1) % 64 of word (Z - 1) // 64."""
    space_groups: Int[np.ndarray, "cards"]
    """Space-group numbers."""
    counts: Int[np.ndarray, "cards"]
    """Number of reflections of each card."""
    hkl: Int[np.ndarray, "reflections 3"]
    """Miller indices (int16)."""
    intensity_xray: Float[np.ndarray, "reflections"]
    """Multiplicity times \\|F\\|² [electrons²] (float32)."""
    intensity_neutron: Float[np.ndarray, "reflections"]
    """Multiplicity times \\|F\\|² [fm²] (float32)."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PackedPage:
    """The same with the reflections still as they are stored."""

    cells: Float[np.ndarray, "cards 6"]
    """a, b, c [Å], alpha, beta, gamma [°]."""
    masks: UInt[np.ndarray, "cards 2"]
    """Elements as bits."""
    space_groups: Int[np.ndarray, "cards"]
    """Space-group numbers."""
    counts: Int[np.ndarray, "cards"]
    """Number of reflections of each card."""
    scales: Float[np.ndarray, "2 cards"]
    """Strongest X-ray and neutron intensity of each card."""
    steps: UInt[np.ndarray, "3 width reflections"]
    """Bytes of the differences of h, k, l to the reflection before."""
    codes: UInt[np.ndarray, "3 reflections"]
    """Low and high byte of the X-ray codes, and the neutron codes."""


def encode_page(cards: Sequence[PowderCard]) -> bytes:
    """Bytes of a page with these cards, in this order."""
    counts = np.array([card.n_peaks for card in cards], dtype="<u2")
    orders = [np.lexsort(card.hkl.T[::-1]) for card in cards]
    hkl = _concatenate([c.hkl[o] for c, o in zip(cards, orders, strict=True)], (0, 3), np.int64)
    wide = bool(hkl.size) and int(np.abs(hkl).max()) > 127
    steps = np.diff(hkl, axis=0, prepend=np.zeros((1, 3), dtype=np.int64))
    codes_x, scale_x = _log_codes(
        [c.intensity_xray[o] for c, o in zip(cards, orders, strict=True)], XRAY_STEP, XRAY_LAST
    )
    codes_n, scale_n = _log_codes(
        [c.intensity_neutron[o] for c, o in zip(cards, orders, strict=True)],
        NEUTRON_STEP,
        NEUTRON_LAST,
    )
    parts = [
        _planes(np.array([c.cell for c in cards], dtype="<f4").reshape(-1, 6), 4),
        _planes(np.array([element_mask(c.elements) for c in cards], dtype="<u8"), 8),
        np.array([c.space_group_number for c in cards], dtype="<u1").tobytes(),
        _planes(counts, 2),
        _planes(scale_x, 4),
        _planes(scale_n, 4),
    ]
    parts += [
        _planes(steps[:, k].astype("<i2" if wide else "i1"), 2 if wide else 1) for k in (0, 1, 2)
    ]
    parts += [_planes(codes_x.astype("<u2"), 2), codes_n.astype("u1").tobytes()]
    header = _HEADER.pack(MAGIC, len(cards), len(hkl), int(wide))
    return header + zlib.compress(b"".join(parts), 9)


def inflate_page(body: bytes) -> PackedPage:
    """Cells, elements and counts of a page, with the reflections still packed.

    Raises
    ------
    ParseError
        Where the bytes are no page or are damaged.
    """
    try:
        magic, n, n_peaks, wide = _HEADER.unpack_from(body)
        if magic != MAGIC:
            raise ParseError(f"a page of cards starts with {MAGIC!r}, this one with {magic!r}")
        raw = zlib.decompress(memoryview(body)[_HEADER.size :])
    except (struct.error, zlib.error) as error:
        raise ParseError(
            f"a page of cards is damaged ({error}); build the library again"
        ) from error
    width = 2 if wide else 1
    sizes = [24 * n, 16 * n, n, 2 * n, 4 * n, 4 * n, *[width * n_peaks] * 3, 2 * n_peaks, n_peaks]
    if len(raw) != sum(sizes):
        raise ParseError("a page of cards has the wrong length; build the library again")
    ends = np.cumsum([0, *sizes])
    part = [np.frombuffer(raw, np.uint8, sizes[i], int(ends[i])) for i in range(len(sizes))]
    counts = _joined(part[3], "<u2").astype(np.int64)
    if counts.sum() != n_peaks:
        raise ParseError("a page of cards miscounts its reflections; build the library again")
    return PackedPage(
        cells=np.round(_joined(part[0], "<f4").reshape(n, 6).astype(np.float64), 5),
        masks=_joined(part[1], "<u8").reshape(n, 2),
        space_groups=part[2].astype(np.int64),
        counts=counts,
        scales=np.stack([_joined(part[4], "<f4"), _joined(part[5], "<f4")]),
        steps=np.concatenate(part[6:9]).reshape(3, width, -1),
        codes=np.concatenate(part[9:]).reshape(3, -1),
    )


def unpack_reflections(
    packed: PackedPage,
    *,
    keep: Bool[np.ndarray, "cards"],
    hkl: Int[np.ndarray, "kept 3"],
    intensity_xray: Float[np.ndarray, "kept"],
    intensity_neutron: Float[np.ndarray, "kept"],
) -> None:
    """Write the reflections of some cards of a page into arrays that are there already.

    Parameters
    ----------
    packed:
        The page.
    keep:
        Which cards are wanted.
    hkl, intensity_xray, intensity_neutron:
        Where their reflections go (int16, float32, float32).
    """
    _unpack(
        packed.counts,
        keep,
        packed.scales,
        packed.steps,
        packed.codes,
        _XRAY_TABLE,
        _NEUTRON_TABLE,
        hkl,
        intensity_xray,
        intensity_neutron,
    )


def decode_page(body: bytes) -> Page:
    """All of a page.

    Raises
    ------
    ParseError
        Where the bytes are no page or are damaged.
    """
    packed = inflate_page(body)
    n_peaks = int(packed.counts.sum())
    hkl = np.empty((n_peaks, 3), dtype=np.int16)
    xray = np.empty(n_peaks, dtype=np.float32)
    neutron = np.empty(n_peaks, dtype=np.float32)
    unpack_reflections(
        packed,
        keep=np.ones(len(packed.counts), dtype=bool),
        hkl=hkl,
        intensity_xray=xray,
        intensity_neutron=neutron,
    )
    return Page(
        cells=packed.cells,
        masks=packed.masks,
        space_groups=packed.space_groups,
        counts=packed.counts,
        hkl=hkl,
        intensity_xray=xray,
        intensity_neutron=neutron,
    )


@njit(cache=True, nogil=True)
def _unpack(counts, keep, scales, steps, codes, xray_table, neutron_table, hkl, xray, neutron):
    # Indices are running sums of differences over the whole page, modulo 2^8 or 2^16.
    wide = steps.shape[1] == 2
    half, full = (32768, 65536) if wide else (128, 256)
    h = k = m = 0
    place = 0
    peak = 0
    for card in range(len(counts)):
        wanted = keep[card]
        scale_x, scale_n = scales[0, card], scales[1, card]
        for i in range(peak, peak + counts[card]):
            dh, dk, dm = int(steps[0, 0, i]), int(steps[1, 0, i]), int(steps[2, 0, i])
            if wide:
                dh += 256 * int(steps[0, 1, i])
                dk += 256 * int(steps[1, 1, i])
                dm += 256 * int(steps[2, 1, i])
            h = (h + dh) % full
            k = (k + dk) % full
            m = (m + dm) % full
            if wanted:
                hkl[place, 0] = h if h < half else h - full
                hkl[place, 1] = k if k < half else k - full
                hkl[place, 2] = m if m < half else m - full
                code = min(int(codes[0, i]) + 256 * int(codes[1, i]), len(xray_table) - 1)
                xray[place] = xray_table[code] * scale_x
                neutron[place] = neutron_table[codes[2, i]] * scale_n
                place += 1
        peak += counts[card]


def _concatenate(arrays: list[np.ndarray], empty: tuple[int, ...], dtype: type) -> np.ndarray:
    """The arrays one after another, also when there is none."""
    return np.concatenate([np.zeros(empty), *arrays]).astype(dtype)


def _log_codes(
    intensities: list[np.ndarray], step: float, last: int
) -> tuple[np.ndarray, np.ndarray]:
    """Logarithmic codes of all intensities and the largest intensity of each card."""
    scales = np.array([i.max(initial=0.0) for i in intensities], dtype="<f4")
    codes = [np.zeros(0, dtype=np.int64)]
    for values, scale in zip(intensities, scales, strict=True):
        code = np.full(len(values), last, dtype=np.int64)
        seen = (
            values > float(scale) * np.exp(-step * (last - 0.5)) if scale > 0.0 else values > np.inf
        )
        code[seen] = np.rint(np.log(float(scale) / values[seen]) / step).clip(0, last)
        codes.append(code)
    return np.concatenate(codes), scales


def _planes(values: np.ndarray, width: int) -> bytes:
    """Bytes of the values, all first bytes, then all second bytes, and so on."""
    return np.ascontiguousarray(values.reshape(-1).view(np.uint8).reshape(-1, width).T).tobytes()


def _joined(planes: np.ndarray, dtype: str) -> np.ndarray:
    """Values from their byte planes."""
    width = np.dtype(dtype).itemsize
    return np.ascontiguousarray(planes.reshape(width, -1).T).reshape(-1).view(dtype)
