"""What the retrieval models read: batches of patterns and of crystals, as torch tensors.

A batch is a frozen dataclass. Its length is the number of patterns (or crystals) it holds,
:meth:`to` moves it to a device, and :meth:`part` takes consecutive members out of it, so that a
large batch can be encoded in pieces. What has a fixed number of slots per member is padded and
masked; atoms, beads and linker atoms are packed along one axis, each with the index ``batch`` of
the member it belongs to, in rising order. What a model does not need may be None.

Masked slots may hold anything finite: no model may read them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

from porescope.errors import ConfigError, MissingExtraError

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

Inputs = TypeVar("Inputs")


def _moved(inputs: Inputs, device: torch.device | str) -> Inputs:
    """The same batch with every tensor on the device."""
    moved = {}
    for field in fields(inputs):  # type: ignore[arg-type]
        value = getattr(inputs, field.name)
        moved[field.name] = None if value is None else value.to(device)
    return type(inputs)(**moved)


def _packed_slice(batch: Tensor, start: int, stop: int) -> slice:
    """The run of packed rows that belongs to members start to stop (``batch`` rises)."""
    bounds = torch.searchsorted(batch, torch.tensor([start, stop], device=batch.device))
    return slice(int(bounds[0]), int(bounds[1]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinkerGraphs:
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

    def to(self, device: torch.device | str) -> LinkerGraphs:
        """The same graphs on the device."""
        return _moved(self, device)

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
class PatternInputs:
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

    def __len__(self) -> int:
        """Number of patterns."""
        return self.q.shape[0]

    def to(self, device: torch.device | str) -> PatternInputs:
        """The same batch on the device."""
        return _moved(self, device)

    def part(self, start: int, stop: int) -> PatternInputs:
        """Patterns start to stop."""
        return PatternInputs(
            q=self.q[start:stop],
            log_intensity=self.log_intensity[start:stop],
            width=self.width[start:stop],
            mask=self.mask[start:stop],
            elements=self.elements[start:stop],
            has_elements=self.has_elements[start:stop],
            metal=self.metal[start:stop],
            profile=None if self.profile is None else self.profile[start:stop],
            linkers=None if self.linkers is None else self.linkers.part(start, stop),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AtomInputs:
    """Atoms of the crystals, packed."""

    numbers: Int[Tensor, "atoms"]
    """Atomic numbers."""
    frac: Float[Tensor, "atoms 3"]
    """Fractional coordinates."""
    batch: Int[Tensor, "atoms"]
    """The crystal that each atom belongs to, rising."""
    lattice: Float[Tensor, "crystals 3 3"]
    """Rows are a, b, c [Å]."""

    def __len__(self) -> int:
        """Number of crystals."""
        return self.lattice.shape[0]

    def to(self, device: torch.device | str) -> AtomInputs:
        """The same atoms on the device."""
        return _moved(self, device)

    def part(self, start: int, stop: int) -> AtomInputs:
        """Crystals start to stop."""
        rows = _packed_slice(self.batch, start, stop)
        return AtomInputs(
            numbers=self.numbers[rows],
            frac=self.frac[rows],
            batch=self.batch[rows] - start,
            lattice=self.lattice[start:stop],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BeadInputs:
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

    def __len__(self) -> int:
        """Number of crystals."""
        return self.lattice.shape[0]

    def to(self, device: torch.device | str) -> BeadInputs:
        """The same beads on the device."""
        return _moved(self, device)

    def part(self, start: int, stop: int) -> BeadInputs:
        """Crystals start to stop."""
        rows = _packed_slice(self.batch, start, stop)
        return BeadInputs(
            kinds=self.kinds[rows],
            features=self.features[rows],
            frac=self.frac[rows],
            batch=self.batch[rows] - start,
            lattice=self.lattice[start:stop],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrystalInputs:
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

    def __len__(self) -> int:
        """Number of crystals."""
        return self.q.shape[0]

    def to(self, device: torch.device | str) -> CrystalInputs:
        """The same batch on the device."""
        return _moved(self, device)

    def part(self, start: int, stop: int) -> CrystalInputs:
        """Crystals start to stop."""
        return CrystalInputs(
            q=self.q[start:stop],
            log_intensity=self.log_intensity[start:stop],
            mask=self.mask[start:stop],
            composition=self.composition[start:stop],
            volume_per_atom=self.volume_per_atom[start:stop],
            atoms=None if self.atoms is None else self.atoms.part(start, stop),
            beads=None if self.beads is None else self.beads.part(start, stop),
        )


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
