"""What the property models read: batches of crystals, as torch tensors.

A batch is a frozen dataclass. Its length is the number of crystals it holds, :meth:`to` moves it
to a device, and :func:`joined` puts several into one. Atoms, probe points
and windows are packed along one axis, each with the index ``crystal`` (rising) of the crystal it
belongs to. What a model does not need may be None; what it needs must be there for each crystal.

Everything is float32 and int64. Edges run over periodic images: an edge's vector is from its
receiver to that image of its sender, so that no model needs the image's number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from porescope.errors import ConfigError, MissingExtraError
from porescope.models.tensor_batch import TensorBatch

try:
    import torch
    from jaxtyping import Float, Int
    from torch import Tensor
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

PROPERTY_OPTIONS = ("graphs", "probes", "windows", "voxels", "tokens", "features")
"""Optional inputs, by the names that a model's ``needs`` uses."""
NO_TOKEN = 0
"""Token that fills a shorter text up."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AtomGraphs(TensorBatch):
    """Atoms of the crystals and their neighbours."""

    numbers: Int[Tensor, "atoms"]
    """Atomic numbers."""
    crystal: Int[Tensor, "atoms"]
    """The crystal that each atom belongs to, rising."""
    lattice: Float[Tensor, "crystals 3 3"]
    """Rows are a, b, c [Å]."""
    frac: Float[Tensor, "atoms 3"]
    """Fractional coordinates."""
    edge_index: Int[Tensor, "2 edges"]
    """Receiver and sender of each edge, as packed atoms."""
    edge_vector: Float[Tensor, "edges 3"]
    """From the receiver to the sender's image [Å]."""
    n_atoms: Int[Tensor, "crystals"]
    """Number of atoms of each crystal."""

    def __len__(self) -> int:
        """Number of crystals."""
        return self.lattice.shape[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Probes(TensorBatch):
    """Points in the crystals at which contributions are read out."""

    place: Float[Tensor, "probes 3"]
    """Cartesian coordinates [Å]."""
    crystal: Int[Tensor, "probes"]
    """The crystal that each point belongs to, rising."""
    weight: Float[Tensor, "probes"]
    """Share of its crystal's points that the point stands for; sums to 1 over a crystal."""
    edge_index: Int[Tensor, "2 edges"]
    """Probe and packed atom of each edge."""
    edge_vector: Float[Tensor, "edges 3"]
    """From the probe to the atom's image [Å]."""
    n_probes: Int[Tensor, "crystals"]
    """Number of points of each crystal."""
    energy: Float[Tensor, "probes"] | None = None
    """Energy of a probe molecule there [eV]."""
    gradient: Float[Tensor, "probes 3"] | None = None
    """Its gradient [eV/Å]."""

    def __len__(self) -> int:
        """Number of crystals."""
        return self.n_probes.shape[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows(TensorBatch):
    """Spherical cut-outs of the crystals; the atoms of each as a cluster of its own."""

    place: Float[Tensor, "windows 3"]
    """Cartesian coordinates of the centres [Å]."""
    crystal: Int[Tensor, "windows"]
    """The crystal that each window belongs to, rising."""
    weight: Float[Tensor, "windows"]
    """Share of its crystal's windows that the window stands for; sums to 1 over a crystal."""
    n_windows: Int[Tensor, "crystals"]
    """Number of windows of each crystal."""
    numbers: Int[Tensor, "members"]
    """Atomic numbers of the windows' atoms."""
    window: Int[Tensor, "members"]
    """The window that each atom is in, rising; a window may be empty."""
    offset: Float[Tensor, "members 3"]
    """From the window's centre to the atom [Å]."""

    def __len__(self) -> int:
        """Number of crystals."""
        return self.n_windows.shape[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PropertyBatch(TensorBatch):
    """Crystals, described as the model needs them, and what is known of their properties."""

    targets: Float[Tensor, "crystals targets"]
    """Values in the units of the labels; NaN where unknown."""
    graphs: AtomGraphs | None = None
    probes: Probes | None = None
    windows: Windows | None = None
    voxels: Float[Tensor, "crystals channels grid grid grid"] | None = None
    """Values on a grid along the cell's axes."""
    tokens: Int[Tensor, "crystals tokens"] | None = None
    """A text that names the crystal; 0 fills up."""
    features: Float[Tensor, "crystals features"] | None = None
    """Numbers for the whole crystal."""
    atom_targets: Float[Tensor, "atoms targets"] | None = None
    """Values of the atoms in the units of the labels, where atoms are learned."""

    def __len__(self) -> int:
        """Number of crystals."""
        return self.targets.shape[0]

    def with_targets(self, targets: Float[Tensor, "crystals targets"]) -> PropertyBatch:
        """The same crystals with other targets."""
        return replace(self, targets=targets)


def require_property_inputs(batch: PropertyBatch, *, needs: frozenset[str]) -> None:
    """Refuse a batch that lacks what a model needs.

    Raises
    ------
    ConfigError
        If an input named in ``needs`` is None.
    """
    missing = [name for name in PROPERTY_OPTIONS if name in needs and getattr(batch, name) is None]
    if missing:
        raise ConfigError(
            f"the model needs {' and '.join(missing)} of each crystal, and the batch holds none; "
            "build the batch with them or choose another preset"
        )


def joined(batches: Sequence[PropertyBatch]) -> PropertyBatch:
    """One batch of the crystals of several, in their order.

    An input that any of them lacks is None in the result.

    Raises
    ------
    ConfigError
        If there is nothing to join.
    """
    if not batches:
        raise ConfigError("at least one batch is needed to join, and there is none")
    if len(batches) == 1:
        return batches[0]
    graphs = _present([batch.graphs for batch in batches])
    probes = _present([batch.probes for batch in batches])
    windows = _present([batch.windows for batch in batches])
    voxels = _present([batch.voxels for batch in batches])
    tokens = _present([batch.tokens for batch in batches])
    features = _present([batch.features for batch in batches])
    atom_targets = _present([batch.atom_targets for batch in batches])
    if probes is not None and graphs is None:
        raise ConfigError("points refer to atoms: batches with points need graphs too")
    return PropertyBatch(
        targets=torch.cat([batch.targets for batch in batches]),
        graphs=None if graphs is None else _joined_graphs(graphs),
        probes=None
        if probes is None or graphs is None
        else _joined_probes(probes, n_atoms=[len(part.numbers) for part in graphs]),
        windows=None if windows is None else _joined_windows(windows),
        voxels=None if voxels is None else torch.cat(voxels),
        tokens=None if tokens is None else _joined_tokens(tokens),
        features=None if features is None else torch.cat(features),
        atom_targets=None if atom_targets is None else torch.cat(atom_targets),
    )


def _present(parts: Sequence[Inputs | None]) -> list[Inputs] | None:
    """The parts, or None where one is missing."""
    kept = [part for part in parts if part is not None]
    return kept if len(kept) == len(parts) else None


def _starts(counts: Sequence[int]) -> list[int]:
    """Where each part begins once they are packed."""
    starts = [0]
    for count in counts[:-1]:
        starts.append(starts[-1] + count)
    return starts


def _shifted(parts: Sequence[Tensor], counts: Sequence[int]) -> Tensor:
    """Indices of parts, packed, each raised by the number of things before it."""
    return torch.cat(
        [part + start for part, start in zip(parts, _starts(counts), strict=True)], dim=-1
    )


def _joined_graphs(parts: Sequence[AtomGraphs]) -> AtomGraphs:
    return AtomGraphs(
        numbers=torch.cat([part.numbers for part in parts]),
        crystal=_shifted([part.crystal for part in parts], [len(part) for part in parts]),
        lattice=torch.cat([part.lattice for part in parts]),
        frac=torch.cat([part.frac for part in parts]),
        edge_index=_shifted(
            [part.edge_index for part in parts], [len(part.numbers) for part in parts]
        ),
        edge_vector=torch.cat([part.edge_vector for part in parts]),
        n_atoms=torch.cat([part.n_atoms for part in parts]),
    )


def _joined_probes(parts: Sequence[Probes], *, n_atoms: Sequence[int]) -> Probes:
    probe = _shifted([part.edge_index[0] for part in parts], [len(part.place) for part in parts])
    atom = _shifted([part.edge_index[1] for part in parts], n_atoms)
    energy = _present([part.energy for part in parts])
    gradient = _present([part.gradient for part in parts])
    return Probes(
        place=torch.cat([part.place for part in parts]),
        crystal=_shifted([part.crystal for part in parts], [len(part) for part in parts]),
        weight=torch.cat([part.weight for part in parts]),
        edge_index=torch.stack([probe, atom]),
        edge_vector=torch.cat([part.edge_vector for part in parts]),
        n_probes=torch.cat([part.n_probes for part in parts]),
        energy=None if energy is None else torch.cat(energy),
        gradient=None if gradient is None else torch.cat(gradient),
    )


def _joined_windows(parts: Sequence[Windows]) -> Windows:
    return Windows(
        place=torch.cat([part.place for part in parts]),
        crystal=_shifted([part.crystal for part in parts], [len(part) for part in parts]),
        weight=torch.cat([part.weight for part in parts]),
        n_windows=torch.cat([part.n_windows for part in parts]),
        numbers=torch.cat([part.numbers for part in parts]),
        window=_shifted([part.window for part in parts], [len(part.place) for part in parts]),
        offset=torch.cat([part.offset for part in parts]),
    )


def _joined_tokens(parts: Sequence[Tensor]) -> Tensor:
    longest = max(part.shape[1] for part in parts)
    return torch.cat(
        [
            torch.nn.functional.pad(part, (0, longest - part.shape[1]), value=NO_TOKEN)
            for part in parts
        ]
    )
