"""Silica zeolites with coordinates, relaxed by our own distance least squares."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import gemmi
import numpy as np
from jaxtyping import Float

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.neighbours import neighbour_list
from porescope.crystal.space_group import space_group_from_symbol
from porescope.crystal.structure import Crystal, crystal_from_asymmetric_unit
from porescope.errors import ConfigError, ParseError
from porescope.reticular.dls import OXYGEN, SILICON

FORMAT = 1
"""Version of the table of relaxed frameworks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilicaEntry:
    """One relaxed framework as it stands in the table."""

    code: str
    """Three-letter code of the Structure Commission of the IZA."""
    symbol: str
    """Hermann-Mauguin symbol with its setting."""
    cell: tuple[float, float, float, float, float, float]
    """a, b, c [Å], alpha, beta, gamma [°]."""
    sites: tuple[tuple[str, float, float, float], ...]
    """Element and fractional coordinates of each site of the asymmetric unit."""
    residual: float
    """Weighted deviation from the prescribed distances [Å]."""
    volume_ratio: float
    """Volume of the relaxed cell over that of the idealised one in the IZA's database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilicaGeometry:
    """Ranges of distances and angles of a silica framework."""

    si_o: tuple[float, float]
    """Shortest and longest bond [Å]."""
    o_si_o: tuple[float, float]
    """Smallest and largest angle at silicon [°]."""
    si_o_si: tuple[float, float]
    """Smallest and largest angle at oxygen [°]."""


@lru_cache(maxsize=1)
def silica_entries() -> dict[str, SilicaEntry]:
    """All relaxed frameworks of the package, by code.

    Raises
    ------
    ParseError
        Where the table is of another version than this program knows.
    """
    text = (files("porescope.reticular") / "data" / "silica.json").read_text("utf-8")
    table = json.loads(text)
    if table["format"] > FORMAT:
        raise ParseError(
            f"the table of silica frameworks has format {table['format']}, this porescope reads "
            f"{FORMAT}; install a newer porescope"
        )
    entries = {}
    for row in table["entries"]:
        a, b, c, alpha, beta, gamma = row["cell"]
        entries[row["code"]] = SilicaEntry(
            code=row["code"],
            symbol=row["symbol"],
            cell=(a, b, c, alpha, beta, gamma),
            sites=tuple((s[0], s[1], s[2], s[3]) for s in row["sites"]),
            residual=row["residual"],
            volume_ratio=row["volume_ratio"],
        )
    return entries


def silica_framework(code: str) -> Crystal:
    """A relaxed silica zeolite by its three-letter code.

    Parameters
    ----------
    code:
        Code such as ``CHA`` or ``MFI``.

    Raises
    ------
    ConfigError
        Where there is none of that code.
    """
    entry = silica_entries().get(code.upper())
    if entry is None:
        raise ConfigError(f"there is no relaxed silica framework with the code {code!r}")
    return crystal_of_entry(entry)


def crystal_of_entry(entry: SilicaEntry) -> Crystal:
    """The structure of one entry, with its space group.

    Parameters
    ----------
    entry:
        One of :func:`silica_entries`.
    """
    return crystal_from_asymmetric_unit(
        lattice=lattice_from_parameters(*entry.cell),
        frac=np.array([site[1:] for site in entry.sites], dtype=np.float64),
        numbers=np.array([gemmi.Element(site[0]).atomic_number for site in entry.sites]),
        space_group=space_group_from_symbol(entry.symbol),
        name=entry.code,
    )


def silica_geometry(crystal: Crystal, *, reach: float = 2.0) -> SilicaGeometry:
    """Ranges of bonds and angles.

    Parameters
    ----------
    crystal:
        Silicon and oxygen.
    reach:
        Longest distance that counts as a bond [Å].
    """
    near = neighbour_list(crystal.frac, lattice=crystal.lattice, cutoff=reach)
    bonded = crystal.numbers[near.first] + crystal.numbers[near.second] == SILICON + OXYGEN
    first, distance = near.first[bonded], near.distance[bonded]
    vectors = (
        crystal.frac[near.second[bonded]] + near.image[bonded] - crystal.frac[first]
    ) @ crystal.lattice
    unit = vectors / distance[:, None]
    angles: dict[int, list[float]] = {SILICON: [], OXYGEN: []}
    for atom in range(crystal.n_atoms):
        mine = unit[first == atom]
        cosines = (mine @ mine.T)[np.triu_indices(len(mine), 1)]
        found = np.rad2deg(np.arccos(np.clip(cosines, -1.0, 1.0)))
        angles[int(crystal.numbers[atom])] += found.tolist()
    return SilicaGeometry(
        si_o=_range(distance),
        o_si_o=_range(np.array(angles[SILICON])),
        si_o_si=_range(np.array(angles[OXYGEN])),
    )


def _range(values: Float[np.ndarray, "n"]) -> tuple[float, float]:
    """Smallest and largest value."""
    if not len(values):
        return float("nan"), float("nan")
    return float(values.min()), float(values.max())
