"""The task behind every retrieval model: find the crystal of a corrupted pattern.

Batches are made of the library's cards: crystals, also ones that nobody made (cells and
intensities changed on both sides), each with a pattern as a laboratory would find it. Batches hold
crystals that are easily confused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from porescope.crystal.elements import is_metal
from porescope.datasets.retrieval_set import RetrievalSet, likely_confusions
from porescope.models.contrastive import Contrast, contrast
from porescope.models.inputs import ELEMENT_SLOTS, CrystalInputs, PatternInputs
from porescope.models.retrieval.predict import batch_of_crystals, batch_of_patterns
from porescope.models.retrieval_model import RetrievalModel
from porescope.nn.parallel import process_count, process_rank
from porescope.training.metrics import hit_rates, ranks_of_truth
from porescope.training.peak_corruption import PeakBatch, corrupted_pairs, ideal_lines
from porescope.training.peak_draws import PeakCorruptionConfig
from porescope.training.peak_profiles import profiles_of_peaks
from porescope.training.task import TaskFacts, epoch_order

LICENCE = "CC BY 4.0"
"""Of weights trained on the shipped library, whose sources are CC BY 4.0 or MIT."""
HYDROGEN, OXYGEN = 1, 8
VALIDATIONS = (
    ("ideal", 1.0, 0.0),
    ("corrupted", 0.0, 0.0),
    ("corrupted_with_elements", 0.0, 1.0),
)
"""Name, share of ideal patterns, share of patterns whose elements are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalTaskConfig:
    """How pairs are made."""

    batch_size: int = 1024
    """Pairs in a batch of one process."""
    chunk: int | None = None
    """Members encoded at a time where memory is short (activations are then made twice)."""
    elements_share: float = 0.5
    """Share of the patterns whose elements are told."""
    metal_share: float = 0.5
    """Share of the patterns whose metal is told."""
    forgotten_share: float = 0.2
    """Share of the told patterns whose hydrogen or oxygen is forgotten, and of those that get
    oxygen in addition."""
    twin_share: float = 0.1
    """Share of the pairs that are another pair's twin: the same lines with another metal, both
    patterns with their elements told, so that nothing but the elements tells them apart."""
    corruption: PeakCorruptionConfig = field(default_factory=PeakCorruptionConfig)
    """What goes wrong with the patterns."""
    n_validation: int = 2000
    """Frameworks of the validation side that are searched for, among all of that side."""
    validation_seed: int = 11
    """Draws their patterns, the same each time."""

    @property
    def digest(self) -> str:
        """Short hash of all settings."""
        return hashlib.blake2b(repr(self).encode(), digest_size=4).hexdigest()


@runtime_checkable
class Contents(Protocol):
    """Adds what some presets read besides: atoms, beads, linkers."""

    def available(self, rows: Int[np.ndarray, "rows"]) -> Bool[np.ndarray, "rows"]:
        """Which crystals have it."""
        ...

    def crystals(self, inputs: CrystalInputs, rows: Int[np.ndarray, "rows"]) -> CrystalInputs:
        """The crystals with their contents."""
        ...

    def patterns(self, inputs: PatternInputs, rows: Int[np.ndarray, "rows"]) -> PatternInputs:
        """The patterns with what the chemist knows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RetrievalBatch:
    """Pairs of a pattern and its crystal."""

    patterns: PatternInputs
    crystals: CrystalInputs
    groups: Int[Tensor, "pairs"]
    """Framework of each pair; a crystal with a new cell has a number of its own."""

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.patterns)

    def to(self, device: torch.device | str) -> RetrievalBatch:
        """The same on a device."""
        return RetrievalBatch(
            patterns=self.patterns.to(device),
            crystals=self.crystals.to(device),
            groups=self.groups.to(device),
        )


class RetrievalTask:
    """Find the crystal of a corrupted pattern.

    Parameters
    ----------
    data:
        The crystals.
    config:
        How pairs are made.
    needs:
        Optional inputs of the model; ``profile`` is made here, all others by ``contents``.
    contents:
        Adds atoms, beads or linkers. Cells are then left as they are, and crystals without
        contents are left out.
    objective:
        The preset's loss (:func:`porescope.models.registry.loss_of`); symmetric InfoNCE by default.
    seed:
        Seed of the order of the examples.
    """

    def __init__(
        self,
        data: RetrievalSet,
        *,
        config: RetrievalTaskConfig | None = None,
        needs: frozenset[str] = frozenset(),
        contents: Contents | None = None,
        objective: Callable[..., Contrast] = contrast,
        seed: int = 0,
    ) -> None:
        config = RetrievalTaskConfig() if config is None else config
        if contents is not None:
            unchanged = replace(config.corruption, new_cell_share=0.0)
            config = replace(config, corruption=unchanged)
        self.data, self.config, self.needs = data, config, needs
        self.contents, self.objective, self.seed = contents, objective, seed
        self.train_rows = self._usable(data.rows("train", preferred=False))
        self.validation_rows = self._usable(data.rows("validation"))

    def _usable(self, rows: Int[np.ndarray, "rows"]) -> Int[np.ndarray, "kept"]:
        return rows if self.contents is None else rows[self.contents.available(rows)]

    @property
    def facts(self) -> TaskFacts:
        """What the card says about the data."""
        return TaskFacts(
            data_hash=f"{self.data.content_hash}-{self.config.digest}",
            split="all_structures",
            n_examples=len(self.train_rows),
            licence=LICENCE,
            more={
                "batch_size": self.config.batch_size,
                "elements_share": self.config.elements_share,
                "n_frameworks": len(np.unique(self.data.frameworks[self.train_rows])),
            },
        )

    @property
    def batches_per_epoch(self) -> int:
        """Number of batches of an epoch."""
        return len(self.train_rows) // process_count() // self.config.batch_size

    @property
    def watched(self) -> str:
        """Mean reciprocal rank of corrupted patterns without elements."""
        return "corrupted_mrr"

    def batches(self, epoch: int, generator: np.random.Generator) -> Iterator[RetrievalBatch]:
        """The batches of an epoch; see :class:`porescope.training.task.Task`."""
        share = epoch_order(len(self.train_rows), epoch=epoch, seed=self.seed)
        order = likely_confusions(self.data, self.train_rows[share], rng=generator)
        # runs start at another place each time, so that the last, dropped one changes too
        order = np.roll(order, int(generator.integers(len(order))))
        size = self.config.batch_size
        for start in range(0, size * self.batches_per_epoch, size):
            yield self.batch(order[start : start + size], rng=generator)

    def batch(
        self,
        rows: Int[np.ndarray, "rows"],
        *,
        rng: np.random.Generator,
        corruption: PeakCorruptionConfig | None = None,
        elements_share: float | None = None,
    ) -> RetrievalBatch:
        """One batch.

        Parameters
        ----------
        rows:
            Which crystals.
        rng:
            Draws the corruptions.
        corruption, elements_share:
            Other settings than the task's.
        """
        training = corruption is None
        corruption = self.config.corruption if corruption is None else corruption
        share = self.config.elements_share if elements_share is None else elements_share
        composition = self.data.composition[rows]
        twins = np.zeros(0, dtype=np.int64)
        if training and self.contents is None:
            rows, composition, twins = self._with_twins(rows, composition, rng=rng)
        told = rng.uniform(size=len(rows)) < share
        paired = np.zeros(len(rows), dtype=bool)
        paired[twins] = paired[len(rows) - 1 - twins] = True
        pairs = corrupted_pairs(self.data, rows, config=corruption, rng=rng, fixed=paired)
        # numbers that no framework has, and no other process gives
        first = int(self.data.frameworks.max()) + 1 + process_rank() * len(rows)
        own = np.arange(len(rows)) + first
        alone = pairs.changed.copy()
        alone[twins] = True
        return RetrievalBatch(
            patterns=self._patterns(
                pairs.patterns, rows, composition=composition, told=told | paired, rng=rng
            ),
            crystals=self._crystals(pairs.crystals, rows, composition=composition),
            groups=torch.from_numpy(np.where(alone, own, self.data.frameworks[rows])),
        )

    def _with_twins(
        self,
        rows: Int[np.ndarray, "rows"],
        composition: Float[np.ndarray, "rows 101"],
        *,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The last rows exchanged for twins of the first ones; place i has its twin at n - 1 - i.

        Pairs without a metal, or whose new metal is their own, are no twins.
        """
        n = int(self.config.twin_share * len(rows))
        first = np.arange(n)
        last = len(rows) - 1 - first
        metal = self.metals[rows[first]]
        other = self.metals[rng.choice(self.train_rows, size=n)]
        good = (metal > 0) & (other > 0) & (composition[first, other] == 0.0)
        first, last, metal, other = (x[good] for x in (first, last, metal, other))
        rows, composition = rows.copy(), composition.copy()
        rows[last], composition[last] = rows[first], composition[first]
        composition[last, other] = composition[last, metal]
        composition[last, metal] = 0.0
        return rows, composition, last

    def _crystals(
        self,
        lines: PeakBatch,
        rows: Int[np.ndarray, "rows"],
        *,
        composition: Float[np.ndarray, "rows 101"],
    ) -> CrystalInputs:
        inputs = batch_of_crystals(
            lines.q,
            lines.log_intensity,
            mask=lines.mask,
            composition=composition,
            volume_per_atom=self.data.volume_per_atom[rows],
        )
        return inputs if self.contents is None else self.contents.crystals(inputs, rows)

    def _patterns(
        self,
        peaks: PeakBatch,
        rows: Int[np.ndarray, "rows"],
        *,
        composition: Float[np.ndarray, "rows 101"],
        told: Bool[np.ndarray, "rows"],
        rng: np.random.Generator,
    ) -> PatternInputs:
        expected = composition > 0.0
        if not told.all():
            for number in (HYDROGEN, OXYGEN):
                expected[rng.uniform(size=len(rows)) < self.config.forgotten_share, number] = False
            expected[rng.uniform(size=len(rows)) < self.config.forgotten_share, OXYGEN] = True
        metal = most_frequent_metal(composition)
        metal *= rng.uniform(size=len(rows)) < self.config.metal_share
        inputs = batch_of_patterns(
            peaks.q,
            peaks.log_intensity,
            peaks.width,
            mask=peaks.mask,
            elements=expected.astype(np.float32),
            has_elements=told,
            metal=metal,
            profile=profiles_of_peaks(peaks) if "profile" in self.needs else None,
        )
        return inputs if self.contents is None else self.contents.patterns(inputs, rows)

    @cached_property
    def metals(self) -> Int[np.ndarray, "crystals"]:
        """Atomic number of the most frequent metal of each crystal, 0 where there is none."""
        return most_frequent_metal(self.data.composition)

    def loss(self, model: nn.Module, batch: RetrievalBatch) -> Tensor:
        """The preset's loss of a batch."""
        assert isinstance(model, RetrievalModel)
        return self.objective(
            model, batch.patterns, batch.crystals, groups=batch.groups, chunk=self.config.chunk
        ).loss

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Hit rates for ideal and corrupted patterns, with and without the elements."""
        assert isinstance(model, RetrievalModel)
        device = next(model.parameters()).device
        rows = self.validation_rows
        asked = rows[: self.config.n_validation]
        groups = torch.from_numpy(self.data.frameworks[rows]).to(device)
        haystack = torch.cat([self._encoded(model, part, device) for part in _parts(rows)])
        metrics: dict[str, float] = {}
        base = replace(
            self.config.corruption, new_cell_share=0.0, isotropic_share=0.0, short_share=0.0
        )
        for name, ideal_share, elements_share in VALIDATIONS:
            rng = np.random.default_rng(self.config.validation_seed)
            corruption = replace(base, ideal_share=ideal_share)
            queries = []
            for part in _parts(asked):
                batch = self.batch(
                    part, rng=rng, corruption=corruption, elements_share=elements_share
                )
                queries.append(model.encode_patterns(batch.patterns.to(device)).float())
            ranks = ranks_of_truth(
                torch.cat(queries),
                haystack,
                query_groups=groups[: len(asked)],
                haystack_groups=groups,
            )
            metrics |= {f"{name}_{key}": value for key, value in hit_rates(ranks).items()}
        return metrics

    def _encoded(
        self, model: RetrievalModel, rows: Int[np.ndarray, "rows"], device: torch.device
    ) -> Float[Tensor, "rows dimension"]:
        """Embeddings of crystals as they are."""
        composition = self.data.composition[rows]
        crystals = self._crystals(ideal_lines(self.data, rows), rows, composition=composition)
        return model.encode_crystals(crystals.to(device)).float()


def most_frequent_metal(
    composition: Float[np.ndarray, "crystals 101"],
) -> Int[np.ndarray, "crystals"]:
    """Atomic number of the most frequent metal of each crystal, 0 where there is none.

    Parameters
    ----------
    composition:
        Fraction of the atoms that are of each element.
    """
    metal = np.zeros(ELEMENT_SLOTS, dtype=bool)
    known = np.asarray(is_metal())
    metal[: len(known)] = known[:ELEMENT_SLOTS]
    share = np.where(metal, composition, 0.0)
    return np.where(share.max(axis=1) > 0.0, share.argmax(axis=1), 0).astype(np.int64)


def _parts(rows: Int[np.ndarray, "rows"], size: int = 512) -> list[np.ndarray]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
