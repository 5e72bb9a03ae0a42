"""Which sites contribute most to a property, over a whole set of structures."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
from jaxtyping import Float, Int

from porescope.io.cif import read_cif
from porescope.models.property.quotient import quotient_of
from porescope.workflows.map_contributions import AtomContributions, ContributionMap
from porescope.workflows.site_graphs import (
    FrameworkGraph,
    SiteGraph,
    framework_graph,
    site_graphs,
    usual_radius,
)

COLUMNS = (
    "rank", "site", "element", "surroundings", "mean", "spread", "lowest", "highest",
    "n_structures", "n_atoms", "share", "example", "example_atom", "example_value",
)  # fmt: skip
"""Columns of the table of sites."""
LEAST_WEIGHT = 1e-7
"""Atoms that have less of the cell's open space are not ranked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedSite:
    """One kind of site."""

    rank: int
    """Place from the largest mean contribution on, 1 for the first."""
    name: str
    """Its hash."""
    element: str
    """Element at the centre."""
    surroundings: str
    """Elements about it, with their counts."""
    mean: float
    """Mean contribution over its atoms in all structures."""
    spread: float
    """Standard deviation of the contribution over the structures, each counted once."""
    lowest: float
    """Smallest contribution of any of its atoms."""
    highest: float
    """Largest."""
    n_structures: int
    """Structures that have it."""
    n_atoms: int
    """Its atoms in their cells."""
    share: float
    """Its atoms over all atoms that were ranked."""
    example: str
    """File of the structure in which its contribution is nearest to the mean."""
    example_atom: int
    """The atom there, counted from 0."""
    example_value: float
    """Its contribution."""


def sites_of(made: ContributionMap, *, radius: float | None = None) -> list[list[Any]]:
    """The kinds of sites of one structure.

    Parameters
    ----------
    made:
        What its atoms contribute.
    radius:
        Radius of a site [Å]; by default 4 Å, and 6.5 Å in silica.

    Returns
    -------
    :
        For each kind: hash, atomic number, surroundings, atoms of the cell, and of these the mean,
        the smallest and the largest contribution, and one atom. Atoms without a contribution, as
        those that touch no open space, are left out.
    """
    crystal = made.crystal
    radius = usual_radius(crystal) if radius is None else radius
    quotient = quotient_of(crystal)
    graph = framework_graph(crystal)
    mean, weight = owned(graph, made.atoms)
    # Of each set that symmetry makes equal, the first atom stands for all.
    orbits, first, count = np.unique(
        quotient.orbit[graph.kept], return_index=True, return_counts=True
    )
    chosen = [int(atom) for atom in graph.kept[first]]
    total = np.bincount(quotient.orbit, weights=weight, minlength=len(quotient.unique))[orbits]
    said = np.bincount(quotient.orbit, weights=mean * weight, minlength=len(quotient.unique))[
        orbits
    ]
    sites = site_graphs(graph, crystal.cart[chosen], radius=radius, atoms=chosen)
    kinds: dict[str, list[list[Any]]] = {}
    for place, site in enumerate(sites):
        if total[place] > LEAST_WEIGHT:
            value = float(said[place] / total[place])
            one = [int(count[place]), value, chosen[place], site.formula]
            kinds.setdefault(site.name, []).append(one)
    return [_kind(name, alike, crystal.numbers) for name, alike in kinds.items()]


def _kind(name: str, alike: Sequence[list[Any]], numbers: Int[np.ndarray, "atoms"]) -> list[Any]:
    """The atoms of one kind of site: of their means, the mean and the extremes."""
    counts = np.array([one[0] for one in alike], dtype=np.float64)
    values = np.array([one[1] for one in alike])
    mean = float(counts @ values / counts.sum())
    _, _, atom, formula = alike[int(np.argmin(np.abs(values - mean)))]
    extremes = [float(values.min()), float(values.max())]
    return [name, int(numbers[atom]), formula, int(counts.sum()), mean, *extremes, atom]


def owned(
    graph: FrameworkGraph, found: AtomContributions
) -> tuple[Float[np.ndarray, "atoms"], Float[np.ndarray, "atoms"]]:
    """Mean contributions of atoms with the atoms that do not count given to those bonded to them.

    The space at a hydrogen atom or at a bridging oxygen belongs in equal parts to the atoms that it
    is bonded to.

    Parameters
    ----------
    graph:
        The crystal's graph.
    found:
        What the atoms contribute.

    Returns
    -------
    :
        Mean of each atom, 0 where it has no weight, and its weight.
    """
    weight = found.weight.copy()
    total = np.where(weight > 0.0, np.nan_to_num(found.mean), 0.0) * weight
    for atom, owners in graph.owners.items():
        for owner in owners:
            weight[owner] += found.weight[atom] / len(owners)
            total[owner] += np.nan_to_num(found.mean[atom]) * found.weight[atom] / len(owners)
        weight[atom] = total[atom] = 0.0
    return np.where(weight > 0.0, total / np.where(weight > 0.0, weight, 1.0), 0.0), weight


def ranked_sites(
    rows: Sequence[Mapping[str, Any]], *, least_structures: int = 1
) -> list[RankedSite]:
    """All kinds of sites of a set, the largest mean contribution first.

    Parameters
    ----------
    rows:
        Rows of :func:`porescope.workflows.predict_many.predict_files` with sites; others are passed
        over.
    least_structures:
        Sites of fewer structures are left out.
    """
    found: dict[str, list[tuple[str, list[Any]]]] = {}
    for row in rows:
        for kind in row.get("sites") or ():
            found.setdefault(kind[0], []).append((str(row["file"]), kind))
    n_all = sum(kind[3] for kinds in found.values() for _, kind in kinds)
    made = [
        _ranked(name, kinds, n_all=n_all)
        for name, kinds in found.items()
        if len(kinds) >= least_structures
    ]
    made.sort(key=lambda site: (-site.mean, site.name))
    return [_placed(site, rank) for rank, site in enumerate(made, start=1)]


def _ranked(name: str, kinds: Sequence[tuple[str, list[Any]]], *, n_all: int) -> RankedSite:
    weight = np.array([kind[3] for _, kind in kinds], dtype=np.float64)
    means = np.array([kind[4] for _, kind in kinds])
    mean = float(weight @ means / weight.sum())
    place = int(np.argmin(np.abs(means - mean)))
    file, example = kinds[place]
    return RankedSite(
        rank=0,
        name=name,
        element=gemmi.Element(int(example[1])).name,
        surroundings=str(example[2]),
        mean=mean,
        spread=float(means.std()),
        lowest=min(kind[5] for _, kind in kinds),
        highest=max(kind[6] for _, kind in kinds),
        n_structures=len(kinds),
        n_atoms=int(weight.sum()),
        share=float(weight.sum() / n_all),
        example=file,
        example_atom=int(example[7]),
        example_value=float(means[place]),
    )


def _placed(site: RankedSite, rank: int) -> RankedSite:
    return replace(site, rank=rank)


def write_sites(sites: Sequence[RankedSite], path: Path) -> None:
    """Write the table of sites (CSV)."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for site in sites:
            writer.writerow(
                [
                    site.rank,
                    site.name,
                    site.element,
                    site.surroundings,
                    *(f"{v:.6g}" for v in (site.mean, site.spread, site.lowest, site.highest)),
                    site.n_structures,
                    site.n_atoms,
                    f"{site.share:.6g}",
                    site.example,
                    site.example_atom,
                    f"{site.example_value:.6g}",
                ]
            )


def example_graph(
    site: RankedSite, *, radius: float | None = None, most: float = np.inf
) -> SiteGraph:
    """The atoms about the example of a site, its oxygen too, for a picture.

    Parameters
    ----------
    site:
        The site.
    radius:
        Its radius [Å]; as usual by default.
    most:
        Atoms farther away are left out all the same [Å].

    Raises
    ------
    ParseError
        If the file of the example cannot be read any more.
    """
    crystal = read_cif(Path(site.example))
    graph = framework_graph(crystal, with_bridges=True)
    radius = min(usual_radius(crystal) if radius is None else radius, most)
    atom = site.example_atom
    return site_graphs(graph, crystal.cart[[atom]], radius=radius, atoms=[atom])[0]
