"""Small crystals, what the retrieval models read of them, and a task that is learned in seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor, nn

from porescope.crystal.structure import Crystal
from porescope.datasets.making import CardConfig, card_reflections, without_displacements
from porescope.models.contrastive import contrast
from porescope.models.inputs import (
    ELEMENT_SLOTS,
    PROFILE_POINTS,
    PROFILE_START_DEG,
    PROFILE_STEP_DEG,
    AtomInputs,
    BeadInputs,
    CrystalInputs,
    LinkerGraphs,
    PatternInputs,
)
from porescope.models.retrieval_model import RetrievalModel
from porescope.nn.mlp import mlp
from porescope.nn.parallel import process_count
from porescope.training.metrics import hit_rates, ranks_of_truth
from porescope.training.task import TaskFacts, epoch_order

N_LINES, N_PEAKS = 160, 40
WAVELENGTH = 1.540593
METALS = (30, 29, 40, 13, 27)


def some_crystals(n: int, *, seed: int = 0) -> list[Crystal]:
    """Crystals of a metal, oxygen and carbon, in cells of their own."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(n):
        lengths = rng.uniform(7.0, 12.0, size=3)
        lattice = np.diag(lengths) + np.tril(rng.uniform(-1.0, 1.0, (3, 3)), -1)
        numbers = np.array([METALS[number % len(METALS)]] * 2 + [8] * 4 + [6] * (3 + number % 4))
        n_atoms = len(numbers)
        made.append(
            Crystal(
                lattice=lattice,
                frac=rng.uniform(size=(n_atoms, 3)),
                numbers=numbers,
                occupancy=np.ones(n_atoms),
                u_iso=np.full(n_atoms, 0.02),
                name=f"toy {number}",
            )
        )
    return made


def lines_of(crystal: Crystal) -> tuple[np.ndarray, np.ndarray]:
    """Q [1/Å] and relative strengths of a crystal's strongest lines, as its card would hold them.

    Lines weaker than a thousandth are left out, since whether those of a supercell that vanish do
    so is a matter of rounding.
    """
    config = CardConfig(d_min=2.0)
    hkl, strength, _ = card_reflections(without_displacements(crystal), config=config)
    q = 2.0 * np.pi * np.linalg.norm(hkl @ np.linalg.inv(crystal.lattice).T, axis=1)
    order = np.argsort(-strength, kind="stable")[:N_LINES]
    order = order[strength[order] > 1e-3 * strength.max()]
    order = order[np.argsort(q[order], kind="stable")]
    return q[order], strength[order] / strength.max()


def _padded(rows: Sequence[np.ndarray], width: int) -> Tensor:
    made = torch.zeros((len(rows), width), dtype=torch.float32)
    for place, row in enumerate(rows):
        made[place, : len(row)] = torch.from_numpy(np.asarray(row, dtype=np.float32))
    return made


def crystal_inputs(crystals: Sequence[Crystal]) -> CrystalInputs:
    """What the crystal's side reads, every optional input included."""
    lines = [lines_of(crystal) for crystal in crystals]
    composition = torch.zeros((len(crystals), ELEMENT_SLOTS))
    for place, crystal in enumerate(crystals):
        for number in crystal.numbers:
            composition[place, int(number)] += 1.0 / crystal.n_atoms
    lattice = torch.from_numpy(np.stack([c.lattice for c in crystals])).float()
    metal = [np.isin(c.numbers, METALS) for c in crystals]
    batch = np.repeat(np.arange(len(crystals)), [c.n_atoms for c in crystals])
    numbers = np.concatenate([c.numbers for c in crystals])
    frac = torch.from_numpy(np.concatenate([c.frac for c in crystals])).float()
    return CrystalInputs(
        q=_padded([q for q, _ in lines], N_LINES),
        log_intensity=_padded([np.log(s) for _, s in lines], N_LINES),
        mask=_padded([np.ones(len(q)) for q, _ in lines], N_LINES).bool(),
        composition=composition,
        volume_per_atom=torch.tensor([c.volume / c.n_atoms for c in crystals]).float(),
        atoms=AtomInputs(
            numbers=torch.from_numpy(numbers).long(),
            frac=frac,
            batch=torch.from_numpy(batch),
            lattice=lattice,
        ),
        beads=BeadInputs(
            kinds=torch.from_numpy(1 - np.concatenate(metal).astype(np.int64)),
            features=torch.from_numpy(numbers).float()[:, None],
            frac=frac,
            batch=torch.from_numpy(batch),
            lattice=lattice,
        ),
    )


def pattern_inputs(crystals: Sequence[Crystal], *, seed: int | None = None) -> PatternInputs:
    """Patterns of crystals, every optional input included; with a seed, strained and noisy."""
    rng = np.random.default_rng(seed)
    peaks = []
    for crystal in crystals:
        q, strength = lines_of(crystal)
        observed = strength / q**2
        order = np.sort(np.argsort(-observed)[:N_PEAKS])
        q, observed = q[order], observed[order]
        if seed is not None:
            q = q * (1.0 + rng.normal(scale=0.002)) + rng.normal(scale=0.002)
            observed = observed * np.exp(rng.normal(scale=0.2, size=len(q)))
        peaks.append((q, observed / observed.max()))
    elements = torch.zeros((len(crystals), ELEMENT_SLOTS))
    for place, crystal in enumerate(crystals):
        elements[place, torch.from_numpy(np.unique(crystal.numbers)).long()] = 1.0
    n = len(crystals)
    return PatternInputs(
        q=_padded([q for q, _ in peaks], N_PEAKS),
        log_intensity=_padded([np.log(s) for _, s in peaks], N_PEAKS),
        width=_padded([np.full(len(q), 0.01) for q, _ in peaks], N_PEAKS),
        mask=_padded([np.ones(len(q)) for q, _ in peaks], N_PEAKS).bool(),
        elements=elements,
        has_elements=torch.ones(n, dtype=torch.bool),
        metal=torch.tensor([int(c.numbers[0]) for c in crystals]),
        profile=_padded([_profile(q, s) for q, s in peaks], PROFILE_POINTS),
        linkers=LinkerGraphs(
            numbers=torch.tensor([6, 6, 8]).repeat(n),
            bonds=(torch.tensor([[0, 1], [1, 2]]) + 3 * torch.arange(n)[:, None, None]).view(-1, 2),
            orders=torch.tensor([1.0, 2.0]).repeat(n),
            batch=torch.arange(n).repeat_interleave(3),
            n_patterns=torch.tensor(n),
        ),
    )


def _profile(q: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """A curve with a Gaussian for each peak, maximum 1."""
    grid = PROFILE_START_DEG + PROFILE_STEP_DEG * np.arange(PROFILE_POINTS)
    place = 2.0 * np.degrees(np.arcsin(np.minimum(q * WAVELENGTH / (4.0 * np.pi), 1.0)))
    curve = (strength * np.exp(-0.5 * ((grid[:, None] - place) / 0.06) ** 2)).sum(axis=1)
    return curve / max(curve.max(), 1e-9)


@dataclass(frozen=True, kw_only=True)
class ToyConfig:
    """Settings of the toy model."""

    width: int = 16
    dropout: float = 0.1


class ToyModel(RetrievalModel):
    """Peaks counted in bins, then two layers a side."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__(config, dimension=8, temperature=0.2)
        self.patterns = mlp((32, config.width, 8), dropout=config.dropout)
        self.crystals = mlp((32, config.width, 8), dropout=config.dropout)

    def encode_patterns(self, patterns: PatternInputs) -> Tensor:
        """Unit vectors of patterns."""
        counts = _counts(patterns.q, patterns.mask)
        return nn.functional.normalize(self.patterns(counts).float(), dim=1)

    def encode_crystals(self, crystals: CrystalInputs) -> Tensor:
        """Unit vectors of crystals."""
        counts = _counts(crystals.q, crystals.mask)
        return nn.functional.normalize(self.crystals(counts).float(), dim=1)


def _counts(q: Tensor, mask: Tensor) -> Tensor:
    """Peaks in 32 bins of 0.1/Å, smoothed."""
    centres = 0.1 * torch.arange(32, dtype=torch.float32)
    near = torch.exp(-(((q[:, :, None] - centres) / 0.1) ** 2)) * mask[:, :, None]
    return near.sum(dim=1)


@dataclass(frozen=True, kw_only=True)
class ToyBatch:
    """Pairs."""

    patterns: PatternInputs
    crystals: CrystalInputs

    def __len__(self) -> int:
        return len(self.patterns)

    def to(self, device: torch.device | str) -> ToyBatch:
        """The same on a device."""
        return replace(self, patterns=self.patterns.to(device), crystals=self.crystals.to(device))


@dataclass(kw_only=True)
class ToyTask:
    """Find each toy crystal's own noisy pattern."""

    n_crystals: int = 24
    batch_size: int = 8
    """Pairs of one process's batch."""
    seed: int = 0
    noise: float = 0.01
    """Displacement of each pattern, drawn anew [1/Å]."""
    data_hash: str = "toy"
    spoil_step: int = -1
    """Step whose loss is made infinite."""
    seen: list[int] = field(default_factory=list)
    crystals: list[Crystal] = field(init=False)

    def __post_init__(self) -> None:
        self.crystals = some_crystals(self.n_crystals)
        self.inputs = crystal_inputs(self.crystals)
        self.patterns = pattern_inputs(self.crystals, seed=1)

    @property
    def facts(self) -> TaskFacts:
        """What the card says."""
        return TaskFacts(
            data_hash=self.data_hash, split="toy", n_examples=self.n_crystals, licence="MIT"
        )

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch."""
        return self.n_crystals // process_count() // self.batch_size

    @property
    def watched(self) -> str:
        """Metric that chooses."""
        return "mrr"

    def batches(self, epoch: int, generator: np.random.Generator) -> Iterator[ToyBatch]:
        """Pairs in a new order, their peaks moved by chance."""
        order = epoch_order(self.n_crystals, epoch=epoch, seed=self.seed)
        for start in range(0, len(order) - self.batch_size + 1, self.batch_size):
            rows = order[start : start + self.batch_size].tolist()
            patterns = _joined([self.patterns.part(row, row + 1) for row in rows])
            shift = torch.from_numpy(
                generator.normal(scale=self.noise, size=(len(rows), 1))
            ).float()
            crystals = [self.inputs.part(row, row + 1) for row in rows]
            yield ToyBatch(
                patterns=replace(patterns, q=patterns.q + shift),
                crystals=CrystalInputs(
                    **{
                        name: torch.cat([getattr(one, name) for one in crystals])
                        for name in ("q", "log_intensity", "mask", "composition", "volume_per_atom")
                    }
                ),
            )

    def loss(self, model: RetrievalModel, batch: ToyBatch) -> Tensor:
        """Symmetric InfoNCE."""
        self.seen.append(len(batch))
        loss = contrast(model, batch.patterns, batch.crystals, chunk=3).loss
        return loss * float("inf") if len(self.seen) - 1 == self.spoil_step else loss

    def validate(self, model: RetrievalModel) -> dict[str, float]:
        """Hit rates on the patterns themselves."""
        groups = torch.arange(self.n_crystals)
        ranks = ranks_of_truth(
            model.encode_patterns(self.patterns),
            model.encode_crystals(self.inputs),
            query_groups=groups,
            haystack_groups=groups,
        )
        return hit_rates(ranks)


def _joined(parts: list[PatternInputs]) -> PatternInputs:
    """Batches after one another, without optional inputs."""
    names = ("q", "log_intensity", "width", "mask", "elements", "has_elements", "metal")
    return PatternInputs(**{n: torch.cat([getattr(p, n) for p in parts]) for n in names})
