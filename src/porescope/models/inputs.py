"""What the retrieval models read: batches of patterns and of crystals, as torch tensors.

A batch is a frozen dataclass. Its length is the number of patterns (or crystals) it holds,
:meth:`to` moves it to a device, and :meth:`part` takes consecutive members out of it, so that a
large batch can be encoded in pieces. What has a fixed number of slots per member is padded and
masked; atoms, beads and linker atoms are packed along one axis, each with the index ``batch`` of
the member it belongs to, in rising order. What a model does not need may be None.

Masked slots may hold anything finite: no model may read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from porescope.errors import ConfigError, MissingExtraError
from porescope.models.tensor_batch import Made, TensorBatch, changed

try:
    import torch
    from jaxtyping import Bool, Float, Int
    from torch import Tensor
except ImportError as error:  # pragma: no cover
    raise MissingExtraError("torch", extra="ml") from error

ELEMENT_SLOTS = 101
"""Length of an element vector: slot Z for atomic number Z, slot 0 for anything unknown."""
PROFILE_POINTS = 1351
"""Points of a profile: 3° to 30° of Cu Kα in steps of 0.02°."""
PROFILE_START_DEG, PROFILE_STEP_DEG = 3.0, 0.02

PATTERN_OPTIONS = ("profile", "elements", "metal", "linkers")
"""Optional inputs of the pattern's side, by the names that a model's ``needs`` uses."""
CRYSTAL_OPTIONS = ("atoms", "beads")
"""Optional inputs of the crystal's side, by the names that a model's ``needs`` uses."""

MadePacked = TypeVar("MadePacked", bound="_Packed")


def _packed_slice(batch: Tensor, start: int, stop: int) -> slice:
    """The run of packed rows that belongs to members start to stop (``batch`` rises)."""
    bounds = torch.searchsorted(batch, torch.tensor([start, stop], device=batch.device))
    return slice(int(bounds[0]), int(bounds[1]))


class _Padded(TensorBatch):
    """A batch whose fields all have a row for each member."""

    __slots__ = ()
    q: Tensor

    def __len__(self) -> int:
        """Number of members."""
        return self.q.shape[0]

    def part(self: Made, start: int, stop: int) -> Made:
        """Members start to stop."""

        def cut(_: str, value: Any) -> Any:
            return value[start:stop] if isinstance(value, Tensor) else value.part(start, stop)

        return changed(self, cut)


class _Packed(TensorBatch):
    """Contents of crystals along one axis; the lattices alone have a row for each crystal."""

    __slots__ = ()
    batch: Tensor
    lattice: Tensor

    def __len__(self) -> int:
        """Number of crystals."""
        return self.lattice.shape[0]

    def part(self: MadePacked, start: int, stop: int) -> MadePacked:
        """Crystals start to stop."""
        rows = _packed_slice(self.batch, start, stop)

        def cut(name: str, value: Tensor) -> Tensor:
            if name == "lattice":
                return value[start:stop]
            return value[rows] - start if name == "batch" else value[rows]

        return changed(self, cut)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinkerGraphs(TensorBatch):
    """Linkers in the pot: heavy atoms and bonds, packed; a pattern may own none or several."""

    numbers: Int[Tensor, "nodes"]
    """Atomic numbers."""
    bonds: Int[Tensor, "bonds 2"]
    """Pairs of packed atoms, each bond once, in rising order of the first atom."""
    orders: Float[Tensor, "bonds"]
    """Bond orders: 1, 1.5 (aromatic), 2, 3."""
    batch: Int[Tensor, "nodes"]
    """The pattern that each atom belongs to, rising."""
    n_patterns: Int[Tensor, ""]
    """Number of patterns in the batch."""

    def __len__(self) -> int:
        """Number of patterns."""
        return int(self.n_patterns)

    def part(self, start: int, stop: int) -> LinkerGraphs:
        """The graphs of patterns start to stop."""
        rows = _packed_slice(self.batch, start, stop)
        kept = (self.bonds[:, 0] >= rows.start) & (self.bonds[:, 0] < rows.stop)
        return LinkerGraphs(
            numbers=self.numbers[rows],
            bonds=self.bonds[kept] - rows.start,
            orders=self.orders[kept],
            batch=self.batch[rows] - start,
            n_patterns=torch.tensor(stop - start, device=self.n_patterns.device),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatternInputs(_Padded):
    """A batch of powder patterns and of what the chemist knows besides."""

    q: Float[Tensor, "patterns peaks"]
    """Q = 4π sin θ/λ of the observed peaks [1/Å]."""
    log_intensity: Float[Tensor, "patterns peaks"]
    """Natural logarithm of intensity over the strongest one's."""
    width: Float[Tensor, "patterns peaks"]
    """Full width at half maximum in Q [1/Å]."""
    mask: Bool[Tensor, "patterns peaks"]
    """True where a slot holds a peak."""
    elements: Float[Tensor, "patterns 101"]
    """1 in the slot of each expected element; all 0 where nothing is known."""
    has_elements: Bool[Tensor, "patterns"]
    """Whether the elements are known."""
    metal: Int[Tensor, "patterns"]
    """Atomic number of the metal in the pot, 0 if unknown."""
    profile: Float[Tensor, "patterns 1351"] | None = None
    """Intensities from 3° to 30° of Cu Kα in steps of 0.02°, maximum 1."""
    linkers: LinkerGraphs | None = None
    """Linkers in the pot."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AtomInputs(_Packed):
    """Atoms of the crystals, packed."""

    numbers: Int[Tensor, "atoms"]
    """Atomic numbers."""
    frac: Float[Tensor, "atoms 3"]
    """Fractional coordinates."""
    batch: Int[Tensor, "atoms"]
    """The crystal that each atom belongs to, rising."""
    lattice: Float[Tensor, "crystals 3 3"]
    """Rows are a, b, c [Å]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeadInputs(_Packed):
    """Coarse-grained crystals, packed: one bead for each metal node and each linker."""

    kinds: Int[Tensor, "beads"]
    """Kind of bead: 0 metal node, 1 linker."""
    features: Float[Tensor, "beads features"]
    """What describes the bead (element fractions, size, connection points)."""
    frac: Float[Tensor, "beads 3"]
    """Fractional coordinates of the bead's centre."""
    batch: Int[Tensor, "beads"]
    """The crystal that each bead belongs to, rising."""
    lattice: Float[Tensor, "crystals 3 3"]
    """Rows are a, b, c [Å]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrystalInputs(_Padded):
    """Crystals: ideal lines, composition, and their contents where a model needs them."""

    q: Float[Tensor, "crystals lines"]
    """Q of the ideal lines [1/Å]."""
    log_intensity: Float[Tensor, "crystals lines"]
    """Natural logarithm of multiplicity times F² over the strongest one's, Lorentz-free."""
    mask: Bool[Tensor, "crystals lines"]
    """True where a slot holds a line."""
    composition: Float[Tensor, "crystals 101"]
    """Fraction of the atoms that are of each element."""
    volume_per_atom: Float[Tensor, "crystals"]
    """Cell volume over number of atoms [Å³]."""
    atoms: AtomInputs | None = None
    beads: BeadInputs | None = None


def require_inputs(inputs: PatternInputs | CrystalInputs, *, needs: frozenset[str]) -> None:
    """Refuse a batch that lacks what a model needs.

    Raises
    ------
    ConfigError
        If an input named in ``needs`` that this side of the batch can hold is None.
    """
    options = PATTERN_OPTIONS if isinstance(inputs, PatternInputs) else CRYSTAL_OPTIONS
    missing = [name for name in options if name in needs and getattr(inputs, name) is None]
    if missing:
        raise ConfigError(
            f"the model needs {' and '.join(missing)} of each "
            f"{'pattern' if isinstance(inputs, PatternInputs) else 'crystal'}, and the batch holds "
            "none; build the batch with them or choose another preset"
        )
