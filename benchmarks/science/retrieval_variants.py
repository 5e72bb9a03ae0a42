"""What the ablations of the preset ``small`` train: networks, tasks, and how they are judged."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from porescope.datasets.retrieval_set import RetrievalSet, likely_confusions
from porescope.models.inputs import CrystalInputs, PatternInputs
from porescope.models.retrieval.config import RetrievalConfig
from porescope.models.retrieval.network import RetrievalNetwork, SetTower
from porescope.models.retrieval.ruler import FAINTEST, REFERENCE_Q, compressed
from porescope.models.retrieval_model import RetrievalModel
from porescope.training.metrics import hit_rates, ranks_of_truth
from porescope.training.peak_corruption import WAVELENGTH
from porescope.training.peak_draws import PeakCorruptionConfig
from porescope.training.peak_profiles import GRID_POINTS, GRID_START_DEG, GRID_STEP_DEG
from porescope.training.retrieval_task import RetrievalBatch, RetrievalTask, RetrievalTaskConfig
from porescope.training.task import epoch_order

sys.path.insert(0, str(Path(__file__).parent))
from retrieval_methods import inputs_of_cards, inputs_of_cases, with_profiles
from retrieval_patterns import KINDS, Cases

CHUNK = 512
NOISE = (1e-3, 3e-2)
"""Standard deviation of the noise on profiles over their maximum, as prepared scans have it."""


class UnnormalisedNetwork(RetrievalNetwork):
    """Embeddings of any length, compared by their product, as Xrd2Mof has them."""

    def placed(self, x: Float[Tensor, "sets dimension"]) -> Float[Tensor, "sets dimension"]:
        """What the tower made."""
        return x.float()


class ProfileNetwork(RetrievalNetwork):
    """Patterns are read point by point, crystals as before: the same marks, curves and layers."""

    needs: ClassVar[frozenset[str]] = frozenset({"profile"})
    onto: Tensor

    def __init__(self, config: RetrievalConfig) -> None:
        super().__init__(config)
        ruler = self.tower.ruler
        theta = 0.5 * np.deg2rad(GRID_START_DEG + GRID_STEP_DEG * np.arange(GRID_POINTS))
        q = 4.0 * np.pi * np.sin(theta) / WAVELENGTH
        polarised = (1.0 + np.cos(2.0 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
        place = (np.arcsinh(q / ruler.q_knee) - ruler.start) / ruler.step
        left = np.clip(place.astype(int), 0, ruler.n_marks - 2)
        onto = np.zeros((GRID_POINTS, ruler.n_marks))
        points = np.arange(GRID_POINTS)
        onto[points, left + 1] = place - left
        onto[points, left] = 1.0 - (place - left)
        onto /= (polarised * q**2)[:, None]
        marks = ruler.q_knee * np.sinh(ruler.start + ruler.step * np.arange(ruler.n_marks))
        self.register_buffer("onto", torch.from_numpy(onto).float(), persistent=False)
        self.usual = slice(*np.searchsorted(marks, REFERENCE_Q).tolist())

    @property
    def tower(self) -> SetTower:
        """The layers of patterns."""
        made = self.towers[0]
        assert isinstance(made, SetTower)
        return made

    def encode_patterns(self, patterns: PatternInputs) -> Float[Tensor, "patterns dimension"]:
        """Unit vectors of patterns."""
        assert patterns.profile is not None
        known = patterns.has_elements[:, None]
        expected = torch.where(known, self.presence(patterns.elements), self.unknown)
        curves = self.curves(patterns.profile)
        return self.placed(self.tower.read(curves, expected + self.sides[0]))

    def curves(
        self, profile: Float[Tensor, "patterns points"]
    ) -> Float[Tensor, "patterns channels marks"]:
        """What the ruler makes of peaks, made of a profile."""
        ruler = self.tower.ruler
        with torch.autocast(profile.device.type, enabled=False):
            on_marks = profile.float() @ self.onto
            top = on_marks[:, self.usual].amax(dim=1, keepdim=True)
            share = on_marks / torch.where(top > 0.0, top, on_marks.amax(1, keepdim=True) + 1e-9)
            faint = 1.0 - share.clamp(min=1e-9).log() / FAINTEST
            made = torch.stack([share, share.sqrt(), faint.clamp(min=0.0)], dim=1)
            # a peak of a profile is already some marks wide, as wide as the first blur
            sums = ruler.smoothing[:, : ruler.n_marks].sum(dim=0).repeat(ruler.n_channels // 3)
            blurred = (made @ (ruler.smoothing / sums)).unflatten(-1, (-1, ruler.n_marks))
        return compressed(blurred.flatten(1, 2).float())


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One thing that is done otherwise than in the reference."""

    network: type[RetrievalNetwork] = RetrievalNetwork
    model: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the network."""
    task: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the task."""
    batch_factor: float = 1.0
    """Batch over that of the others; pairs seen are the same."""
    n_frameworks: int = 0
    """Frameworks trained on; 0 for all."""
    confusions: bool = True
    """Whether batches hold crystals that are easily confused."""


IDEAL = PeakCorruptionConfig(ideal_share=1.0, contents_sigma=0.0)
VARIANTS: dict[str, Variant] = {
    "reference": Variant(),
    "profile": Variant(network=ProfileNetwork),
    "temperature_1": Variant(
        network=UnnormalisedNetwork, model={"temperature": 1.0, "learned_temperature": False}
    ),
    "temperature_1_unit": Variant(model={"temperature": 1.0, "learned_temperature": False}),
    "no_corruption": Variant(task={"corruption": IDEAL}),
    "no_new_crystals": Variant(task={"corruption": PeakCorruptionConfig(new_cell_share=0.0)}),
    "no_confusions": Variant(confusions=False, task={"twin_share": 0.0}),
    "no_elements": Variant(task={"elements_share": 0.0, "twin_share": 0.0}),
    "batch_quarter": Variant(batch_factor=0.25),
    "batch_double": Variant(batch_factor=2.0),
    "frameworks_1000": Variant(n_frameworks=1000),
    "frameworks_3000": Variant(n_frameworks=3000),
    "frameworks_10000": Variant(n_frameworks=10_000),
}
"""Everything that is compared; ``tables_retrieval.py`` says what each is."""


class VariantTask(RetrievalTask):
    """A fixed number of batches, however many frameworks there are.

    Parameters
    ----------
    data:
        The crystals.
    variant:
        What is done otherwise.
    batch_size, n_steps:
        Pairs in a batch, and batches.
    judge:
        Measures the model.
    seed:
        Seed of the order and of which frameworks are trained on.
    """

    def __init__(
        self,
        data: RetrievalSet,
        *,
        variant: Variant,
        batch_size: int,
        n_steps: int,
        judge: Callable[[RetrievalModel], dict[str, float]],
        seed: int,
    ) -> None:
        config = replace(RetrievalTaskConfig(batch_size=batch_size), **variant.task)
        super().__init__(data, config=config, needs=variant.network.needs, seed=seed)
        self.variant, self.n_steps, self.judge = variant, n_steps, judge
        if variant.n_frameworks:
            codes = np.unique(data.frameworks[self.train_rows])
            kept = np.random.default_rng([seed, 3]).permutation(codes)[: variant.n_frameworks]
            self.train_rows = self.train_rows[np.isin(data.frameworks[self.train_rows], kept)]
        if len(self.train_rows) < batch_size:
            raise SystemExit(f"{len(self.train_rows)} crystals fill no batch of {batch_size}")

    @property
    def batches_per_epoch(self) -> int:
        """All steps are one epoch."""
        return self.n_steps

    def batches(self, epoch: int, generator: np.random.Generator) -> Iterator[RetrievalBatch]:
        """Passes over the crystals until there are enough batches."""
        size, made = self.config.batch_size, 0
        while made < self.n_steps:
            share = epoch_order(len(self.train_rows), epoch=epoch, seed=self.seed)
            order = self.train_rows[share]
            if self.variant.confusions:
                order = self._ordered(order, generator)
            for start in range(0, len(order) - size + 1, size):
                if made == self.n_steps:
                    return
                batch = self.batch(order[start : start + size], rng=generator)
                yield self._with_noise(batch, generator)
                made += 1
            epoch += 1

    def _ordered(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        order = likely_confusions(self.data, rows, rng=rng)
        return np.roll(order, int(rng.integers(len(order))))

    def _with_noise(self, batch: RetrievalBatch, rng: np.random.Generator) -> RetrievalBatch:
        """Profiles of scans are never free of noise."""
        profile = batch.patterns.profile
        if profile is None:
            return batch
        level = np.exp(rng.uniform(*np.log(NOISE), size=(len(profile), 1)))
        noise = level * rng.standard_normal(profile.shape, dtype=np.float32)
        noisy = (profile + torch.from_numpy(noise.astype(np.float32))).clamp(min=0.0)
        return replace(batch, patterns=replace(batch.patterns, profile=noisy))

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Hit rates among all frameworks of the library."""
        assert isinstance(model, RetrievalModel)
        return self.judge(model)


class Judge:
    """Hit rates of prepared patterns among one card of every framework.

    Parameters
    ----------
    data:
        The crystals.
    cases:
        Prepared patterns of held-out frameworks, by kind.
    """

    def __init__(self, data: RetrievalSet, cases: Mapping[str, Cases]) -> None:
        self.rows = np.flatnonzero(data.preferred)
        self.groups = torch.from_numpy(data.frameworks[self.rows])
        self.haystack: list[CrystalInputs] = [
            inputs_of_cards(data, self.rows[start : start + CHUNK])
            for start in range(0, len(self.rows), CHUNK)
        ]
        self.truth = torch.from_numpy(data.frameworks[next(iter(cases.values())).rows])
        self.queries = {
            (kind, told): with_profiles(inputs_of_cases(data, cases[kind], told=told), cases[kind])
            for kind in KINDS
            for told in (False, True)
        }

    def __call__(self, model: RetrievalModel) -> dict[str, float]:
        """Hit rates, and the mean reciprocal rank that is watched."""
        device = next(model.parameters()).device
        with torch.inference_mode():
            crystals = torch.cat(
                [model.encode_crystals(part.to(device)).float().cpu() for part in self.haystack]
            )
            made: dict[str, float] = {}
            for (kind, told), inputs in self.queries.items():
                found = model.encode_patterns(inputs.to(device)).float().cpu()
                ranks = ranks_of_truth(
                    found, crystals, query_groups=self.truth, haystack_groups=self.groups
                )
                name = f"{kind}_told" if told else kind
                made |= {f"{name}_{key}": value for key, value in hit_rates(ranks).items()}
        return made
