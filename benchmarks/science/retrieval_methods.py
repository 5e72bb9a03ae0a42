"""What the retrieval benchmark compares: trained models and untrained cosines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from porescope.datasets.library import Library
from porescope.datasets.retrieval_set import RetrievalSet
from porescope.datasets.splits import Side
from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.errors import ConfigError
from porescope.models.checkpoint import load_model
from porescope.models.inputs import CrystalInputs, PatternInputs
from porescope.models.retrieval.config import RetrievalConfig
from porescope.models.retrieval.predict import (
    batch_of_crystals,
    embed_crystals,
    embed_patterns,
    pattern_inputs,
)
from porescope.models.retrieval.ruler import Ruler
from porescope.models.retrieval_model import RetrievalModel
from porescope.training.contents_inputs import PackedContents, contents_of_library
from porescope.training.peak_corruption import PeakBatch, corrupted_pairs, ideal_lines
from porescope.training.peak_draws import PeakCorruptionConfig
from porescope.training.peak_profiles import profiles_of_peaks
from porescope.training.retrieval_task import most_frequent_metal

sys.path.insert(0, str(Path(__file__).parent))
from retrieval_patterns import RADIATION, SEED, Cases

LINE_FWHM_DEG = 0.1
"""Width that ideal lines are drawn with for the cosine of profiles [°]."""
CHANNEL = 1
"""Of the sums of peaks: intensities as Gaussians four marks wide."""
HIGHEST_Q = 2.1
"""Peaks below this are summed, 30° of Cu Kα [1/Å], so that every pattern covers them."""
ROWS = 512


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Everything that methods are measured on."""

    data: RetrievalSet
    cases: dict[str, Cases]
    elements: np.ndarray
    """Which elements each card has."""
    side: Side = "test"
    """Whose frameworks are searched for."""
    others: dict[str, Cases] = field(default_factory=dict)
    """Patterns of all other frameworks, by kind, once they were made."""

    def haystack(self, name: str) -> np.ndarray:
        """Rows of the cards that are looked at."""
        if name == "all cards":
            return np.arange(len(self.data))
        return self.data.rows(self.side, preferred=False)

    def other_patterns(self, kind: str) -> Cases:
        """Patterns of all frameworks that have no case, from their cards."""
        if kind not in self.others:
            mine = np.isin(self.data.frameworks, self.data.frameworks[self.cases[kind].rows])
            rows = np.flatnonzero(self.data.preferred & ~mine)
            self.others[kind] = cases_of_cards(self.data, rows, ideal=kind == "ideal")
        return self.others[kind]


@dataclass(frozen=True, kw_only=True)
class Method:
    """Something that turns patterns and crystals into vectors."""

    name: str
    patterns: Callable[[Cases, bool], np.ndarray]
    """Vectors of patterns, with or without their elements."""
    crystals: Callable[[np.ndarray], np.ndarray]
    """Vectors of cards."""
    reads_elements: bool
    readable: np.ndarray
    """Which cards it can read."""


def expected_elements(data: RetrievalSet, rows: np.ndarray) -> list[list[int]]:
    """Atomic numbers of the elements of cards, as the chemist would tell them."""
    return [(1 + np.flatnonzero(data.composition[row, 1:] > 0.0)).tolist() for row in rows]


def in_parts(make: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Results for many rows, some at a time."""
    return np.concatenate([make(rows[i : i + ROWS]) for i in range(0, len(rows), ROWS)])


def inputs_of_cards(data: RetrievalSet, rows: np.ndarray) -> CrystalInputs:
    """Cards as they are."""
    lines = ideal_lines(data, rows)
    return batch_of_crystals(
        lines.q,
        lines.log_intensity,
        mask=lines.mask,
        composition=data.composition[rows],
        volume_per_atom=data.volume_per_atom[rows],
    )


def inputs_of_cases(data: RetrievalSet, cases: Cases, *, told: bool) -> PatternInputs:
    """Prepared patterns."""
    n = len(cases.rows)
    return pattern_inputs(
        [cases.peak_list(i) for i in range(n)],
        [RADIATION] * n,
        elements=expected_elements(data, cases.rows) if told else None,
    )


def cases_of_cards(data: RetrievalSet, rows: np.ndarray, *, ideal: bool) -> Cases:
    """Patterns of cards with the corruption of peak lists, in the form of prepared scans.

    Those without any peak are left out.

    Parameters
    ----------
    data:
        The crystals.
    rows:
        Which of them.
    ideal:
        Whether nothing goes wrong with the patterns.
    """
    config = PeakCorruptionConfig(
        ideal_share=float(ideal), new_cell_share=0.0, isotropic_share=0.0, short_share=0.0
    )
    rng = np.random.default_rng([SEED, int(ideal)])
    peaks, profiles = [], []
    for start in range(0, len(rows), ROWS):
        made = corrupted_pairs(data, rows[start : start + ROWS], config=config, rng=rng).patterns
        profiles.append(profiles_of_peaks(made).astype(np.float16))
        q = np.where(made.mask, made.q, 1.0).astype(np.float64)
        theta = np.arcsin(q * RADIATION.wavelength / (4.0 * np.pi))
        angle = np.rad2deg(2.0 * theta)
        factor = lorentz_polarisation(angle, RADIATION) * q**2
        area = np.exp(made.log_intensity) * factor
        width = np.rad2deg(made.width * RADIATION.wavelength / (2.0 * np.pi * np.cos(theta))).clip(
            min=1e-3
        )
        columns = (angle, area, area / width, width, np.full_like(area, 0.01), 0.01 * area)
        shown = np.where(made.mask[..., None], np.stack(columns, axis=-1), np.nan)
        peaks.append(shown.astype(np.float32))
    found = np.concatenate(peaks)
    kept = np.isfinite(found[:, :, 0]).any(axis=1)
    nothing = np.zeros(int(kept.sum()))
    return Cases(
        rows=rows[kept],
        peaks=found[kept],
        ranges_deg=np.stack([nothing, nothing], axis=1),
        profiles=np.concatenate(profiles)[kept],
        seconds=nothing,
    )


def of_checkpoint(path: Path, bench: Bench, *, library: Library, contents: Path | None) -> Method:
    """A trained model."""
    model, card = load_model(path)
    more = extra_inputs(model, contents, library=library, data=bench.data)
    data = bench.data

    def patterns(cases: Cases, told: bool) -> np.ndarray:
        inputs = with_profiles(inputs_of_cases(data, cases, told=told), cases)
        if told:
            metal = torch.from_numpy(most_frequent_metal(data.composition[cases.rows]))
            inputs = replace(inputs, metal=metal)
        if more is not None:
            inputs = more.patterns(inputs, cases.rows)
        return embed_patterns(model, inputs, chunk=128)

    def crystals(rows: np.ndarray) -> np.ndarray:
        def make(part: np.ndarray) -> np.ndarray:
            inputs = inputs_of_cards(data, part)
            if more is not None:
                inputs = more.crystals(inputs, part)
            return embed_crystals(model, inputs, chunk=512 if more is None else 16)

        return in_parts(make, rows)

    readable = np.ones(len(data), dtype=bool)
    if more is not None:
        readable = more.available(np.arange(len(data)))
    return Method(
        name=card.preset,
        patterns=patterns,
        crystals=crystals,
        reads_elements=card.preset == "small",
        readable=readable,
    )


def extra_inputs(
    model: RetrievalModel, contents: Path | None, *, library: Library, data: RetrievalSet
) -> PackedContents | None:
    """Atoms and beads, where the model reads them."""
    if not model.needs & {"atoms", "beads", "linkers"}:
        return None
    if contents is None:
        raise ConfigError("this model reads atoms or beads; give their file with --contents")
    return contents_of_library(
        contents,
        library=library,
        numbers=data.ids,
        needs=model.needs,
        most_atoms=getattr(model.config, "most_atoms", None),
    )


def with_profiles(inputs: PatternInputs, cases: Cases) -> PatternInputs:
    """The same with the profiles of the scans."""
    return replace(inputs, profile=torch.from_numpy(cases.profiles.astype(np.float32)))


def of_profiles(bench: Bench) -> Method:
    """The cosine of the profiles from 3° to 30°."""

    def crystals(rows: np.ndarray) -> np.ndarray:
        def make(part: np.ndarray) -> np.ndarray:
            lines = ideal_lines(bench.data, part)
            angle = np.arcsin(np.minimum(lines.q * RADIATION.wavelength / (4.0 * np.pi), 0.99))
            wide = 2.0 * np.pi / RADIATION.wavelength * np.cos(angle) * np.deg2rad(LINE_FWHM_DEG)
            observed = lines.log_intensity - 2.0 * np.log(np.maximum(lines.q, 1e-3))
            drawn = PeakBatch(
                q=lines.q,
                log_intensity=observed.astype(np.float32),
                width=wide.astype(np.float32),
                mask=lines.mask,
            )
            return unit(profiles_of_peaks(drawn))

        return in_parts(make, rows)

    return Method(
        name="cosine of profiles",
        patterns=lambda cases, told: unit(cases.profiles.astype(np.float32)),
        crystals=crystals,
        reads_elements=False,
        readable=np.ones(len(bench.data), dtype=bool),
    )


def of_ruler(bench: Bench) -> Method:
    """The cosine of the sums of Gaussians that the preset ``small`` starts from, untrained."""
    settings = RetrievalConfig()
    ruler = Ruler(
        q_knee=settings.q_knee,
        q_lowest=settings.q_lowest,
        q_highest=settings.q_highest,
        step=settings.step,
        blur=settings.blur,
    )

    def patterns(cases: Cases, told: bool) -> np.ndarray:
        inputs = inputs_of_cases(bench.data, cases, told=False)
        made = ruler(inputs.q, inputs.log_intensity, inputs.mask & (inputs.q < HIGHEST_Q))
        return unit(made[:, CHANNEL].numpy())

    def crystals(rows: np.ndarray) -> np.ndarray:
        def make(part: np.ndarray) -> np.ndarray:
            inputs = inputs_of_cards(bench.data, part)
            observed = inputs.log_intensity - 2.0 * inputs.q.clamp(min=1e-3).log()
            kept = inputs.mask & (inputs.q < HIGHEST_Q)
            return unit(ruler(inputs.q, observed, kept)[:, CHANNEL].numpy())

        return in_parts(make, rows)

    return Method(
        name="cosine of peak sums",
        patterns=patterns,
        crystals=crystals,
        reads_elements=False,
        readable=np.ones(len(bench.data), dtype=bool),
    )


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length one."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
