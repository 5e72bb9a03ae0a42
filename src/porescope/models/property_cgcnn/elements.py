"""What CGCNN knows of an element: its properties in classes."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import gemmi
import numpy as np
from jaxtyping import Float, Int
from rdkit.Chem import GetPeriodicTable

from porescope.crystal.elements import N_NUMBERS, covalent_radii

NOBLE = (2, 10, 18, 36, 54, 86, 118)
"""Atomic numbers that close a period."""
N_CLASSES = 10
"""Classes of a property that is a number."""
RANGES = {
    "electronegativity": (0.5, 4.0),
    "covalent_radius": (0.25, 2.5),
    "log_ionisation": (1.3, 3.3),
    "affinity": (-3.0, 3.7),
}
"""Smallest and largest value that the classes tell apart, as published: Pauling's scale, Å,
natural logarithm of eV, eV."""


@cache
def element_features() -> Float[np.ndarray, "numbers features"]:
    """Group, period, block, valence electrons and four binned properties of each atomic number.

    These are eight of the nine properties of CGCNN's table (supplement of
    https://doi.org/10.1103/PhysRevLett.120.145301) from the package's own sources; the ninth, the
    atomic volume, is not among them. A property that is not known has zeros in all its classes,
    as does number 0, which stands for anything unknown.
    """
    groups, periods, blocks = periodic_places()
    valence = np.zeros(N_NUMBERS, dtype=np.int64)
    table = GetPeriodicTable()
    for number in range(1, N_NUMBERS):
        valence[number] = table.GetNOuterElecs(number)
    radii = np.where(np.arange(N_NUMBERS) > 0, covalent_radii(), np.nan)
    ionisation, affinity = _energies()
    with np.errstate(invalid="ignore"):
        parts = [
            _one_hot(groups, 18),
            _one_hot(periods, 7),
            _one_hot(blocks, 4),
            _one_hot(valence, 16),
            _binned(_electronegativities(), "electronegativity"),
            _binned(radii, "covalent_radius"),
            _binned(np.log(ionisation), "log_ionisation"),
            _binned(affinity, "affinity"),
        ]
    features = np.concatenate(parts, axis=1)
    features.setflags(write=False)
    return features


def periodic_places() -> tuple[
    Int[np.ndarray, "numbers"], Int[np.ndarray, "numbers"], Int[np.ndarray, "numbers"]
]:
    """Group (1 to 18, 0 in the f block), period (1 to 7) and block (1 to 4: s, p, d, f)."""
    groups, periods, blocks = (np.zeros(N_NUMBERS, dtype=np.int64) for _ in range(3))
    start = 1
    for period, last in enumerate(NOBLE, start=1):
        length = last - start + 1
        for place in range(length):
            number = start + place
            left = length - 1 - place
            periods[number] = period
            if place < 2 and number != 2:
                groups[number], blocks[number] = place + 1, 1
            elif left < 6:
                groups[number], blocks[number] = 18 - left, 2
            elif left < 16:
                groups[number], blocks[number] = 18 - left, 3
            else:
                blocks[number] = 4
        start = last + 1
    blocks[2] = 1
    return groups, periods, blocks


def _one_hot(places: Int[np.ndarray, "numbers"], n: int) -> Float[np.ndarray, "numbers n"]:
    """A column for each place from 1 to n; none for 0 and beyond."""
    return (places[:, None] == np.arange(1, n + 1)).astype(np.float32)


def _binned(values: Float[np.ndarray, "numbers"], name: str) -> Float[np.ndarray, "numbers 10"]:
    """The class of each value; what lies outside is in the class at the edge."""
    low, high = RANGES[name]
    known = np.isfinite(values)
    place = np.clip(
        ((np.where(known, values, low) - low) / (high - low) * N_CLASSES).astype(np.int64),
        0,
        N_CLASSES - 1,
    )
    return _one_hot(np.where(known, place + 1, 0), N_CLASSES)


def _rows(room: str, path: str) -> list[list[str]]:
    text = files(room).joinpath(path).read_text(encoding="utf-8")
    return [line.split(",") for line in text.splitlines() if line and not line.startswith("#")][1:]


def _electronegativities() -> Float[np.ndarray, "numbers"]:
    """Pauling's scale; NaN where there is no value."""
    values = np.full(N_NUMBERS, np.nan)
    for symbol, value in _rows("porescope.reticular", "data/electronegativities.csv"):
        values[gemmi.Element(symbol).atomic_number] = float(value)
    return values


def _energies() -> tuple[Float[np.ndarray, "numbers"], Float[np.ndarray, "numbers"]]:
    """First ionisation energy and electron affinity [eV]; NaN where there is no value."""
    first, affinity = np.full(N_NUMBERS, np.nan), np.full(N_NUMBERS, np.nan)
    for row in _rows("porescope.adsorption", "data/ionisation_energies.csv"):
        number = int(row[1])
        affinity[number] = float(row[3]) if row[3] else np.nan
        first[number] = float(row[4]) if row[4] else np.nan
    return first, affinity
