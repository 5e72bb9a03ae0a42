"""A map of the library: the learned space drawn on a plane."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Literal

import gemmi
import numpy as np
from jaxtyping import Float

from porescope.datasets.library import CardEntry, Library
from porescope.datasets.retrieval_set import composition_of
from porescope.datasets.template_store import SHIPPED_TEMPLATES, TemplateStore
from porescope.errors import ConfigError
from porescope.training.retrieval_task import most_frequent_metal
from porescope.workflows.library_space import LibrarySpace
from porescope.workflows.similar_result import SimilarResult

Method = Literal["pca", "umap"]
"""Principal components, or UMAP where it is installed."""
N_RINGED = 20
"""Nearest frameworks of a query that are marked."""
N_AROUND = 5
"""Cards between which a query is put on a map that has no formula for new points."""
_AMU_PER_A3 = 1.66053907
"""Density of one unit of atomic mass in 1 Å³ [g/cm³]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Plane:
    """Where the two axes of principal components lie."""

    mean: Float[np.ndarray, "dimension"]
    """Mean of the embeddings."""
    axes: Float[np.ndarray, "2 dimension"]
    """Unit vectors."""
    shares: tuple[float, float]
    """Share of the variance along each."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MapQuery:
    """A query on the map."""

    name: str
    """What was asked for."""
    x: float
    """Where it lies."""
    y: float
    """Where it lies."""
    rows: tuple[int, ...]
    """Rows of its nearest frameworks, the nearest first."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LibraryMap:
    """Every card as a point, with what it may be coloured by."""

    x: Float[np.ndarray, "cards"]
    """Across."""
    y: Float[np.ndarray, "cards"]
    """Up."""
    entries: tuple[CardEntry, ...]
    """What each point is."""
    volume_per_atom: Float[np.ndarray, "cards"]
    """Cell volume over number of atoms [Å³]; NaN where the density is not known."""
    density: Float[np.ndarray, "cards"]
    """Density [g/cm³]."""
    metals: tuple[str, ...]
    """Symbol of the most frequent metal, or empty."""
    nets: tuple[str, ...]
    """RCSR symbol or zeolite code of the net, or empty."""
    method: Method
    """How the plane was found."""
    plane: Plane | None
    """For principal components."""
    weights: str
    """Preset and short hash of the weights."""
    version: str
    """Version of porescope that trained them."""
    query: MapQuery | None = None
    """What was asked for."""


def library_map(library: Library, space: LibrarySpace, *, method: Method = "pca") -> LibraryMap:
    """Draw a library in the learned space on a plane.

    Parameters
    ----------
    library:
        The library.
    space:
        The same in the learned space.
    method:
        ``pca``, or ``umap`` where the package ``umap-learn`` is installed.

    Raises
    ------
    ConfigError
        Where UMAP is asked for and not installed.
    """
    known = {entry.number: entry for entry in library.entries()}
    entries = tuple(known[int(number)] for number in space.index.numbers)
    embeddings = np.asarray(space.index.embeddings, dtype=np.float32)
    plane = None
    if method == "umap":
        points = _umap_points(embeddings)
    else:
        plane = principal_plane(embeddings)
        points = (embeddings - plane.mean) @ plane.axes.T
    formulas = {entry.formula: composition_of(entry.formula) for entry in entries}
    composition = np.stack([formulas[entry.formula] for entry in entries])
    metal = most_frequent_metal(composition)
    density = np.array([entry.density for entry in entries], dtype=np.float64)
    mass = composition.astype(np.float64) @ _atomic_masses()
    with np.errstate(divide="ignore", invalid="ignore"):
        volume = np.where(density > 0.0, _AMU_PER_A3 * mass / density, np.nan)
    return LibraryMap(
        x=points[:, 0].astype(np.float64),
        y=points[:, 1].astype(np.float64),
        entries=entries,
        volume_per_atom=volume,
        density=density,
        metals=tuple(gemmi.Element(int(z)).name if z else "" for z in metal),
        nets=_nets(entries, frameworks=space.index.frameworks),
        method=method,
        plane=plane,
        weights=f"{space.card.preset} {space.digest}",
        version=space.card.package_version,
    )


def query_on_map(drawn: LibraryMap, result: SimilarResult, *, name: str) -> LibraryMap:
    """The map with a query and its nearest frameworks marked.

    Parameters
    ----------
    drawn:
        The map.
    result:
        The nearest frameworks of the query.
    name:
        What was asked for.
    """
    index = result.space.index
    place = {int(number): row for row, number in enumerate(index.numbers)}
    rows = tuple(place[one.number] for one in result.frameworks[:N_RINGED])
    if drawn.plane is not None:
        x, y = (result.embedding - drawn.plane.mean) @ drawn.plane.axes.T
    else:
        near = np.argsort(-index.similarities(result.embedding[None])[0])[:N_AROUND]
        x, y = drawn.x[near].mean(), drawn.y[near].mean()
    return replace(drawn, query=MapQuery(name=name, x=float(x), y=float(y), rows=rows))


def principal_plane(embeddings: Float[np.ndarray, "cards dimension"]) -> Plane:
    """The plane in which points differ most.

    Parameters
    ----------
    embeddings:
        The points.

    Raises
    ------
    ConfigError
        Where there are fewer than two points or dimensions.
    """
    if min(embeddings.shape) < 2:
        raise ConfigError(f"a map needs at least two frameworks, the library has {len(embeddings)}")
    mean = embeddings.mean(axis=0, dtype=np.float64)
    centred = embeddings - mean
    variance, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :2].T
    # the sign of an axis is free: its largest part points up
    largest = np.abs(axes).argmax(axis=1)
    axes = axes * np.sign(axes[np.arange(2), largest])[:, None]
    total = max(float(variance.sum()), 1e-30)
    return Plane(
        mean=mean, axes=axes, shares=(float(variance[-1] / total), float(variance[-2] / total))
    )


def _umap_points(embeddings: Float[np.ndarray, "cards dimension"]) -> np.ndarray:
    """A plane that keeps neighbours together, by McInnes et al., arXiv:1802.03426."""
    if find_spec("umap") is None:
        raise ConfigError(
            "UMAP is not installed; run: pip install umap-learn, or draw principal components with "
            "--method pca"
        )
    from umap import UMAP  # type: ignore[import-not-found]

    return UMAP(metric="cosine", random_state=0, n_jobs=1).fit_transform(embeddings)


def _atomic_masses() -> Float[np.ndarray, "101"]:
    """Masses by atomic number; 0 for what is unknown."""
    return np.array([0.0, *(gemmi.Element(z).weight for z in range(1, 101))])


def _nets(entries: tuple[CardEntry, ...], *, frameworks: np.ndarray) -> tuple[str, ...]:
    """Names of nets: of templates, of zeolites, and of other cards of the same framework."""
    if not SHIPPED_TEMPLATES.is_file():
        return ("",) * len(entries)
    store = TemplateStore()
    try:
        by_id = {entry.id: entry.net_name for entry in store.entries() if entry.net_name}
    finally:
        store.close()
    own = [by_id.get(entry.id, entry.name if entry.source == "iza" else "") for entry in entries]
    by_framework: dict[int, str] = {}
    for code, net in zip(frameworks.tolist(), own, strict=True):
        if net:
            by_framework.setdefault(code, net)
    return tuple(
        net or by_framework.get(code, "")
        for code, net in zip(frameworks.tolist(), own, strict=True)
    )
