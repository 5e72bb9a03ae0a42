"""From a structure to its powder card."""

from __future__ import annotations

from dataclasses import dataclass, replace

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.crystal.graph import net_hash
from porescope.crystal.structure import Crystal
from porescope.crystal.symmetry import standardise
from porescope.datasets.cards import PowderCard, cell_tuple
from porescope.diffraction.radiation import Radiation
from porescope.diffraction.structure_factors import reflections_of
from porescope.errors import ParseError

CARD_U_ISO = 0.02
"""Isotropic displacement of every atom in the intensities of a card [Å²] (B = 1.58 Å²)."""
NET_DIGITS = 16
"""Hexadecimal digits of a net's hash that a card keeps."""
XRAY = Radiation(kind="xray", wavelengths=(1.540593,), name="CuKa1")
"""Radiation of the X-ray intensities; the wavelength enters only the choice of reflections."""
NEUTRON = Radiation(kind="neutron", wavelengths=(1.540593,))
"""Radiation of the neutron intensities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardConfig:
    """How a card is made from a structure."""

    d_min: float = 1.5
    """Smallest interplanar spacing [Å]."""
    symprec: float = 0.05
    """Largest distance between an atom and the image of another one [Å]."""
    max_peaks: int = 400
    """Largest number of reflections of a card."""
    shells: tuple[float, ...] = (8.0, 5.0, 3.5, 2.8, 2.25, 1.85, 1.5)
    """Lower ends of the shells of spacing [Å], falling, in each of which the strongest are kept."""
    coverage_xray: tuple[float, ...] = (0.998, 0.998, 0.995, 0.99, 0.975, 0.85, 0.6)
    """Share of each shell's X-ray intensity that the kept reflections carry."""
    coverage_neutron: tuple[float, ...] = (0.9, 0.9, 0.85, 0.75, 0.6, 0.3, 0.2)
    """Share of each shell's neutron intensity that the kept reflections carry."""
    d_crowded: float = 2.25
    """In crowded patterns reflections above this spacing [Å] come first (40° at Cu Kα)."""
    far_worth: float = 0.2
    """Worth of the reflections below that spacing, in crowded patterns."""
    neutron_worth: float = 0.1
    """Worth of neutron intensities against X-ray ones, in crowded patterns."""
    nets: bool = True
    """Whether hashes of the bond graph are made."""


def card_from_crystal(
    crystal: Crystal,
    *,
    id: str,
    source: str,
    name: str = "",
    doi: str = "",
    licence: str = "",
    cif_path: str = "",
    content_hash: bytes = b"",
    config: CardConfig | None = None,
) -> PowderCard:
    """Powder card of a structure.

    The symmetry is found anew (many collections state P1), so that the cell is the conventional
    one and each reflection stands for all its equivalents.

    Parameters
    ----------
    crystal:
        The structure.
    id, source, name, doi, licence, cif_path, content_hash:
        As in :class:`PowderCard`.
    config:
        Tolerances and how many reflections are kept.

    Raises
    ------
    ParseError
        Where the structure has no atoms.
    """
    config = config or CardConfig()
    if crystal.n_atoms == 0:
        raise ParseError("the structure has no atoms")
    standard = standardise(without_displacements(crystal), symprec=config.symprec)
    hkl, xray, neutron = card_reflections(standard, config=config)
    numbers = sorted(set(crystal.numbers.tolist()))
    return PowderCard(
        id=id,
        name=name,
        source=source,
        formula=crystal.formula,
        elements=tuple(gemmi.Element(z).name for z in numbers if z > 0),
        density=crystal.density,
        cell=cell_tuple(standard.parameters),
        space_group_number=standard.space_group.number,
        space_group_symbol=standard.space_group.symbol,
        n_atoms=standard.n_atoms,
        net_hash=net_hash(standard)[:NET_DIGITS] if config.nets else "",
        net_hash_metals_alike=(
            net_hash(standard, metals_alike=True)[:NET_DIGITS] if config.nets else ""
        ),
        doi=doi,
        licence=licence,
        cif_path=cif_path,
        content_hash=content_hash,
        hkl=hkl,
        intensity_xray=xray,
        intensity_neutron=neutron,
    )


def without_displacements(crystal: Crystal) -> Crystal:
    """The structure with the displacement that all cards use, and without deuterium labels."""
    return replace(
        crystal,
        u_iso=np.full(crystal.n_atoms, CARD_U_ISO),
        u_aniso=None,
        isotopes=None,
    )


def card_reflections(
    crystal: Crystal, *, config: CardConfig
) -> tuple[Int[np.ndarray, "peaks 3"], Float[np.ndarray, "peaks"], Float[np.ndarray, "peaks"]]:
    """Indices and intensities of the reflections that a card keeps.

    Parameters
    ----------
    crystal:
        The structure in its conventional cell.
    config:
        How many are kept.
    """
    xray = reflections_of(crystal, d_min=config.d_min, radiation=XRAY, anomalous=False)
    neutron = reflections_of(crystal, d_min=config.d_min, radiation=NEUTRON)
    if xray.f_squared is None or neutron.f_squared is None:
        raise ParseError("no structure factors could be calculated")
    hkl, d, values = merged(
        xray.hkl,
        xray.d,
        np.stack([xray.f_squared * xray.multiplicity, neutron.f_squared * neutron.multiplicity]),
    )
    keep = strongest(d, values, config=config)
    return hkl[keep], values[0, keep], values[1, keep]


def merged(
    hkl: Int[np.ndarray, "reflections 3"],
    d: Float[np.ndarray, "reflections"],
    values: Float[np.ndarray, "radiations reflections"],
    *,
    tolerance: float = 1e-5,
) -> tuple[
    Int[np.ndarray, "merged 3"], Float[np.ndarray, "merged"], Float[np.ndarray, "radiations merged"]
]:
    """Reflections that overlap exactly as one, with the indices of the strongest.

    Parameters
    ----------
    hkl, d:
        Indices and spacings [Å], sorted by falling d.
    values:
        Intensities, one row for each radiation.
    tolerance:
        Largest relative difference of two spacings that count as one.
    """
    if not len(d):
        return hkl, d, values
    starts = np.flatnonzero(np.concatenate([[True], np.diff(d) < -tolerance * d[1:]]))
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(d))))
    order = np.lexsort((-values[0], group))
    first = order[starts]
    return hkl[first], d[first], np.add.reduceat(values, starts, axis=1)


def strongest(
    d: Float[np.ndarray, "reflections"],
    values: Float[np.ndarray, "radiations reflections"],
    *,
    config: CardConfig,
) -> Int[np.ndarray, "kept"]:
    """Which reflections carry nearly all of the intensity in each shell of spacing.

    Parameters
    ----------
    d:
        Spacings [Å].
    values:
        X-ray and neutron intensities without Lorentz and polarisation factors.
    config:
        Shells, coverages, and the largest number.
    """
    sine = XRAY.wavelength / (2.0 * d)
    cosine = np.sqrt(1.0 - np.minimum(sine, 0.99) ** 2)
    lorentz = 1.0 / (sine**2 * cosine)
    polarisation = 0.5 * (1.0 + (1.0 - 2.0 * sine**2) ** 2)
    shell = np.searchsorted(-np.array(config.shells), -d, side="left").clip(
        max=len(config.shells) - 1
    )
    kept = np.zeros(len(d), dtype=bool)
    worth = np.zeros(len(d))
    near = d >= config.d_crowded
    for weight, coverage, factor in (
        (values[0] * lorentz * polarisation, config.coverage_xray, 1.0),
        (values[1] * lorentz, config.coverage_neutron, config.neutron_worth),
    ):
        order = np.lexsort((-weight, shell))
        running = np.concatenate([[0.0], np.cumsum(weight[order])])
        ends = np.searchsorted(shell[order], np.arange(len(config.shells) + 1))
        totals = (running[ends[1:]] - running[ends[:-1]])[shell[order]]
        before = running[:-1] - running[ends[:-1]][shell[order]]
        kept[order] |= before < np.array(coverage)[shell[order]] * totals
        worth = np.maximum(worth, factor * weight / max(weight[near].sum(), 1e-300))
    chosen = np.flatnonzero(kept)
    if len(chosen) > config.max_peaks:
        worth *= np.where(near, 1.0, config.far_worth)
        chosen = np.sort(chosen[np.argsort(-worth[chosen], kind="stable")[: config.max_peaks]])
    return chosen
