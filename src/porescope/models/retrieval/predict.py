"""From peaks and lines as the library holds them to embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from porescope.diffraction.lorentz_polarisation import lorentz_polarisation
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.radiation import Radiation
from porescope.errors import ConfigError
from porescope.models.contrastive import encode_in_chunks
from porescope.models.inputs import ELEMENT_SLOTS, CrystalInputs, PatternInputs
from porescope.models.retrieval_model import RetrievalModel

MOST_PEAKS = 200
"""Peaks of a pattern that are read, the strongest."""
CHUNK = 512
"""Patterns or crystals encoded at a time."""


def pattern_inputs(
    peaks: Sequence[PeakList],
    radiations: Sequence[Radiation],
    *,
    elements: Sequence[Sequence[int] | None] | None = None,
) -> PatternInputs:
    """What the encoders read of patterns.

    Intensities are divided by the Lorentz and polarisation factors of the radiation and by Q², so
    that the same sample gives the same numbers on every instrument.

    Parameters
    ----------
    peaks:
        Peaks of each pattern.
    radiations:
        Radiation of each pattern.
    elements:
        Atomic numbers that the chemist expects in each, or None where nothing is known.

    Raises
    ------
    ConfigError
        If a pattern has no peaks, or an atomic number is none.
    """
    n = len(peaks)
    width = max((min(one.n_peaks, MOST_PEAKS) for one in peaks), default=1)
    columns = np.zeros((3, n, max(width, 1)), dtype=np.float32)
    mask = np.zeros(columns.shape[1:], dtype=bool)
    for i, (found, radiation) in enumerate(zip(peaks, radiations, strict=True)):
        kept = found.select((found.area > 0.0) & (found.two_theta_deg > 0.0)).strongest(MOST_PEAKS)
        if not kept.n_peaks:
            raise ConfigError(
                "the pattern has no peaks, so that nothing can be compared; measure longer, or "
                "check that the sample is crystalline"
            )
        part = slice(0, kept.n_peaks)
        factor = lorentz_polarisation(kept.two_theta_deg, radiation)
        value = np.log(kept.area / factor) - 2.0 * np.log(kept.q)
        cosine = np.cos(0.5 * np.deg2rad(kept.two_theta_deg))
        columns[0, i, part] = kept.q
        columns[1, i, part] = value - value.max()
        columns[2, i, part] = 2.0 * np.pi / kept.wavelength * cosine * np.deg2rad(kept.fwhm_deg)
        mask[i, part] = True
    expected = np.zeros((n, ELEMENT_SLOTS), dtype=np.float32)
    known = np.zeros(n, dtype=bool)
    for i, numbers in enumerate(elements or [None] * n):
        if numbers is None:
            continue
        known[i] = True
        for number in numbers:
            if number < 1:
                raise ConfigError(f"{number} is no atomic number; give 1 for hydrogen and so on")
            expected[i, number if number < ELEMENT_SLOTS else 0] = 1.0
    return batch_of_patterns(*columns, mask=mask, elements=expected, has_elements=known)


def batch_of_patterns(
    q: Float[np.ndarray, "n peaks"],
    log_intensity: Float[np.ndarray, "n peaks"],
    width: Float[np.ndarray, "n peaks"],
    *,
    mask: Bool[np.ndarray, "n peaks"],
    elements: Float[np.ndarray, "n 101"],
    has_elements: Bool[np.ndarray, "n"],
    metal: Int[np.ndarray, "n"] | None = None,
    profile: Float[np.ndarray, "n 1351"] | None = None,
) -> PatternInputs:
    """Padded arrays as tensors; the arguments are those of :class:`PatternInputs`."""
    metal = np.zeros(len(q), dtype=np.int64) if metal is None else metal
    return PatternInputs(
        q=torch.from_numpy(q),
        log_intensity=torch.from_numpy(log_intensity),
        width=torch.from_numpy(width),
        mask=torch.from_numpy(mask),
        elements=torch.from_numpy(elements * has_elements[:, None]),
        has_elements=torch.from_numpy(has_elements),
        metal=torch.from_numpy(metal),
        profile=None if profile is None else torch.from_numpy(profile),
    )


def batch_of_crystals(
    q: Float[np.ndarray, "n lines"],
    log_intensity: Float[np.ndarray, "n lines"],
    *,
    mask: Bool[np.ndarray, "n lines"],
    composition: Float[np.ndarray, "n 101"],
    volume_per_atom: Float[np.ndarray, "n"],
) -> CrystalInputs:
    """Padded arrays as tensors; the arguments are those of :class:`CrystalInputs`."""
    return CrystalInputs(
        q=torch.from_numpy(q),
        log_intensity=torch.from_numpy(log_intensity),
        mask=torch.from_numpy(mask),
        composition=torch.from_numpy(composition),
        volume_per_atom=torch.from_numpy(volume_per_atom),
    )


@torch.inference_mode()
def embed_patterns(
    model: RetrievalModel, patterns: PatternInputs, *, chunk: int = CHUNK
) -> Float[np.ndarray, "patterns dimension"]:
    """Embeddings of patterns (float32).

    Parameters
    ----------
    model:
        In evaluation mode.
    patterns:
        The patterns.
    chunk:
        Patterns at a time.
    """
    device = next(model.parameters()).device
    made = encode_in_chunks(model.encode_patterns, patterns.to(device), chunk=chunk)
    return made.float().cpu().numpy()


@torch.inference_mode()
def embed_crystals(
    model: RetrievalModel, crystals: CrystalInputs, *, chunk: int = CHUNK
) -> Float[np.ndarray, "crystals dimension"]:
    """Embeddings of crystals (float32).

    Parameters
    ----------
    model:
        In evaluation mode.
    crystals:
        The crystals.
    chunk:
        Crystals at a time.
    """
    device = next(model.parameters()).device
    made = encode_in_chunks(model.encode_crystals, crystals.to(device), chunk=chunk)
    return made.float().cpu().numpy()
