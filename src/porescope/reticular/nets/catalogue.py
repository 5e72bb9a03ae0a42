"""The nets that are known by name: those of the RCSR, zeolites and chains.

Names, space groups and coordinates are those of the Reticular Chemistry Structure Resource
(M. O'Keeffe, M. A. Peskov, S. J. Ramsden, O. M. Yaghi, Acc. Chem. Res. 41 (2008) 1782,
https://doi.org/10.1021/ar800124u), as AuToGraFS 3.2 holds them
(https://github.com/DCoupry/AuToGraFS, LGPL 2.1 by its licence file, MIT by its metadata); the
table is made from them by :mod:`porescope.datasets.net_catalogue_build`. Zeolites carry the codes
of the Structure Commission of the IZA and come from the package's own relaxed frameworks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from jaxtyping import Float, Int

from porescope.errors import ConfigError, ParseError
from porescope.reticular.net import PeriodicNet
from porescope.reticular.nets.key import net_key

FORMAT = 1
"""Version of the table of nets."""
_SCALE = 10_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CatalogueNet:
    """A net with a name, in its smallest cell."""

    net: PeriodicNet
    """Vertices and edges."""
    lattice: Float[np.ndarray, "3 3"]
    """Cell vectors as rows, an edge being about one long; of a layer, c is 10 and of no meaning."""
    frac: Float[np.ndarray, "vertices 3"]
    """Places of the vertices, fractional."""
    space_group: int
    """Number of the space group of the most symmetric embedding; of a layer, of its plane group."""
    dimension: int
    """Directions in which the net is endless."""
    key: str
    """Key, double edges merged; see :func:`porescope.reticular.nets.key.net_key`."""
    kinds: Int[np.ndarray, "vertices"]
    """Kind of each vertex, from 0: equal where symmetry makes vertices equal."""

    @property
    def name(self) -> str:
        """RCSR symbol or zeolite code."""
        return self.net.name

    @property
    def edge_vectors(self) -> Float[np.ndarray, "edges 3"]:
        """Cartesian vectors of the edges, from the first to the second vertex."""
        edges = self.net.edges
        delta = self.frac[edges[:, 1]] + edges[:, 2:] - self.frac[edges[:, 0]]
        return delta @ self.lattice


@lru_cache(maxsize=1)
def _table() -> dict[str, np.ndarray]:
    """All arrays of the shipped table, and where each net starts in them."""
    with (files("porescope.reticular") / "data" / "nets.npz").open("rb") as file:
        table = dict(np.load(file, allow_pickle=False))
    if int(table["format"]) > FORMAT:
        raise ParseError(
            f"the table of nets has format {int(table['format'])}, this porescope reads {FORMAT}; "
            "install a newer porescope"
        )
    for count in ("n_vertices", "n_edges"):
        table[f"{count}_start"] = np.concatenate([[0], np.cumsum(table[count], dtype=np.int64)])
    table["one"] = np.cumsum(table["step"], dtype=np.int64)
    return table


@lru_cache(maxsize=1)
def _rows() -> dict[str, int]:
    """Row of each name."""
    return {str(name): row for row, name in enumerate(_table()["names"])}


@lru_cache(maxsize=1)
def _names_by_key() -> dict[str, tuple[str, ...]]:
    """Names of each key, the plainest first."""
    found: dict[str, list[str]] = {}
    for name, key in zip(_table()["names"].tolist(), _table()["keys"].tolist(), strict=True):
        found.setdefault(key, []).append(name)
    return {key: tuple(sorted(names, key=_plainness)) for key, names in found.items()}


def _plainness(name: str) -> tuple[bool, bool, int, str]:
    """Order of names for one net: RCSR before zeolite codes, short before long."""
    return (name.isupper(), "-" in name, len(name), name)


def net_names(*, dimension: int | None = None) -> tuple[str, ...]:
    """Names of all nets of the catalogue.

    Parameters
    ----------
    dimension:
        Only nets that are endless in so many directions.
    """
    table = _table()
    names = table["names"].tolist()
    if dimension is None:
        return tuple(names)
    keep = np.flatnonzero(table["dimensions"] == dimension)
    return tuple(names[i] for i in keep)


def net_named(name: str) -> CatalogueNet:
    """A net by its name.

    Parameters
    ----------
    name:
        RCSR symbol such as ``pcu``, or a zeolite's code such as ``CHA``, in capitals or not.

    Raises
    ------
    ConfigError
        Where no net has that name.
    """
    rows = _rows()
    for spelt in (name, name.lower(), name.upper()):
        if spelt in rows:
            return _entry(rows[spelt])
    near = [known for known in rows if known.startswith(name[:2].lower())][:8]
    hint = f"names that start alike: {', '.join(near)}" if near else "see net_names()"
    raise ConfigError(f"there is no net named {name!r} among {len(rows)}; {hint}")


@lru_cache(maxsize=256)
def _entry(row: int) -> CatalogueNet:
    """One row of the table."""
    table = _table()
    vertices = slice(*table["n_vertices_start"][row : row + 2].tolist())
    rows = slice(*table["n_edges_start"][row : row + 2].tolist())
    edges = np.concatenate(
        [
            np.stack([table["one"][rows], table["other"][rows]], axis=1),
            table["cells"][:, rows].T,
        ],
        axis=1,
    ).astype(np.int64)
    return CatalogueNet(
        net=PeriodicNet(
            n_vertices=int(table["n_vertices"][row]), edges=edges, name=str(table["names"][row])
        ),
        lattice=table["lattices"][row].astype(np.float64),
        frac=table["frac"][:, vertices].T / _SCALE,
        space_group=int(table["space_groups"][row]),
        dimension=int(table["dimensions"][row]),
        key=str(table["keys"][row]),
        kinds=table["kinds"][vertices].astype(np.int64),
    )


def names_of_key(key: str) -> tuple[str, ...]:
    """All names of the nets with a key, the plainest first.

    Parameters
    ----------
    key:
        As :func:`porescope.reticular.nets.key.net_key` gives it with double edges merged.
    """
    return _names_by_key().get(key, ())


def name_of_net(net: PeriodicNet) -> str:
    """RCSR symbol or zeolite code of a net, or an empty string.

    Double edges count as one. A net in several parts has a name where all its parts are equal.

    Parameters
    ----------
    net:
        Any net.
    """
    if not net.n_edges:
        return ""
    names = names_of_key(net_key(net, merge_double_edges=True))
    return names[0] if names else ""
