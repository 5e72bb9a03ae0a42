"""What speaks for each candidate: numbers that the probability weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from porescope.diffraction.peaks import PeakList

CANDIDATE_SIGNS = {
    "log_miss": -1,
    "above_chance": 1,
    "log_rwp_fixed": -1,
    "log_rwp_le_bail": -1,
    "explained": 1,
    "predicted": 1,
    "explained_by_count": 1,
    "uneven_strain": -1,
    "mean_strain": -1,
    "miss_by_peaks": -1,
    "rwp_by_peaks": -1,
    "missing_elements": -1,
    "best_of_list": 1,
    "log_profile_miss": -1,
    "log_lines_per_peak": -1,
    "zero": -1,
    "ahead_of_list": -1,
    "le_bail_of_few_lines": -1,
}
"""Whether more of a feature speaks for a candidate (1) or against it (-1)."""
CANDIDATE_FEATURES = tuple(CANDIDATE_SIGNS)
"""Names of the candidates' features, in order."""
LEARNED_SIGNS = {**CANDIDATE_SIGNS, "learned_similarity": 1}
"""The same with what the learned space says."""
LEARNED_FEATURES = tuple(LEARNED_SIGNS)
"""Names of these features, in order."""
NONE_FEATURES = ("one", "log_peaks", "chance_score")
"""Names of the pattern's features, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found for one candidate."""

    cosine: float
    """Match after the anisotropic scan, 0 to 1."""
    rwp_fixed: float
    """Rwp with the framework's own intensities, background not counted."""
    rwp_le_bail: float
    """Rwp with free intensities, background not counted."""
    explained: float
    """Share of the observed peak area on reflections of the candidate."""
    explained_count: float
    """Share of the number of observed peaks on reflections of the candidate."""
    predicted: float
    """Share of the calculated intensity that lies on observed peaks."""
    strain: tuple[float, float, float]
    """Change of a, b, c."""
    profile_cosine: float
    """Cosine of the square roots of observed and calculated profile after the fit, background
    taken off both."""
    lines_per_peak: float
    """Reflections of the cell in the range over the number of observed peaks."""
    zero_deg: float
    """Zero shift of the fit [°]."""
    rexp: float
    """Rwp that counting noise alone would leave."""
    missing_elements: int = 0
    """Elements that the user named and the candidate lacks, hydrogen and oxygen not counted."""
    similarity: float = float("nan")
    """Cosine of the angle to the pattern in the learned space; NaN where there is none."""


def candidate_features(
    evidence: list[Evidence], *, n_peaks: int, chance_score: float, learned: bool = False
) -> Float[np.ndarray, "candidates features"]:
    """Features of every candidate, in the order of :data:`CANDIDATE_FEATURES`.

    Parameters
    ----------
    evidence:
        What was found for each.
    n_peaks:
        Number of observed peaks.
    chance_score:
        Cosine that unrelated frameworks reach.
    learned:
        Whether the similarity of the learned space is the last one
        (:data:`LEARNED_FEATURES`). A candidate without has the least of the list.
    """
    if not evidence:
        return np.zeros((0, len(LEARNED_FEATURES if learned else CANDIDATE_FEATURES)))
    rows = []
    misses = [np.log(max(1.002 - e.cosine, 1e-3)) for e in evidence]
    fits = [np.log(np.clip(e.rwp_fixed, 0.01, 2.0)) for e in evidence]
    peaks = np.log(max(n_peaks, 2) / 15.0)
    # the end of the list is unrelated: its head may hold a whole family of one net
    rest = sorted(misses)[min(16, len(misses) - 1)]
    for e, miss, fit in zip(evidence, misses, fits, strict=True):
        strain = np.asarray(e.strain)
        rows.append(
            (
                miss,
                e.cosine - chance_score,
                fit,
                np.log(np.clip(e.rwp_le_bail, 0.01, 2.0)),
                e.explained,
                e.predicted,
                e.explained_count,
                float(strain.std()) * 100.0,
                min(abs(float(strain.mean())) * 100.0, 5.0),
                miss * peaks,
                fit * peaks,
                float(min(e.missing_elements, 1)),
                float(miss == min(misses)) + float(fit == min(fits)),
                np.log(max(1.002 - e.profile_cosine, 1e-3)),
                np.log(max(e.lines_per_peak, 0.1)),
                min(abs(e.zero_deg), 0.3) * 10.0,
                miss - rest,
                np.log(np.clip(e.rwp_le_bail, 0.01, 2.0)) / (1.0 + e.lines_per_peak),
            )
        )
    made = np.array(rows)
    if not learned:
        return made
    near = np.array([e.similarity for e in evidence])
    least = np.nanmin(near) if np.isfinite(near).any() else 0.0
    return np.column_stack([made, np.where(np.isfinite(near), near, least)])


def none_features(*, n_peaks: int, chance_score: float) -> Float[np.ndarray, "none_features"]:
    """Features of the pattern, in the order of :data:`NONE_FEATURES`."""
    return np.array([1.0, np.log(max(n_peaks, 2) / 15.0), chance_score])


def profile_cosine(
    observed: Float[np.ndarray, "points"], calculated: Float[np.ndarray, "points"]
) -> float:
    """Cosine of the square roots of two profiles without background; negative points count as 0."""
    o, c = np.maximum(observed, 0.0), np.maximum(calculated, 0.0)
    return float(np.sqrt(o * c).sum() / max(np.sqrt(o.sum() * c.sum()), 1e-30))


def explained_shares(
    peaks: PeakList,
    *,
    two_theta_deg: Float[np.ndarray, "reflections"],
    intensity: Float[np.ndarray, "reflections"],
    two_theta_range_deg: tuple[float, float],
    tolerance_deg: float = 0.12,
    least_share: float = 0.08,
) -> tuple[float, float, float, np.ndarray]:
    """How much of the observed and of the calculated pattern the other one accounts for.

    An observed peak is explained if the calculated intensity within the tolerance is at least
    ``least_share`` of its own, both on the scale that makes the matched totals equal.

    Parameters
    ----------
    peaks:
        Observed peaks.
    two_theta_deg:
        Calculated positions with the zero shift applied [°].
    intensity:
        Calculated integrated intensities, any scale.
    two_theta_range_deg:
        Range that was measured [°].
    tolerance_deg:
        Largest distance [°]; half a peak's width is added.
    least_share:
        See above.

    Returns
    -------
    :
        Share of observed area explained, share of the number of peaks explained, share of
        calculated intensity that was observed, and a mask of explained peaks.
    """
    low, high = two_theta_range_deg
    inside = (two_theta_deg >= low) & (two_theta_deg <= high) & (intensity > 0.0)
    position, calculated = two_theta_deg[inside], intensity[inside]
    if not len(position) or not peaks.n_peaks:
        return 0.0, 0.0, 0.0, np.zeros(peaks.n_peaks, dtype=bool)
    reach = tolerance_deg + 0.35 * peaks.fwhm_deg
    near = np.abs(position[None, :] - peaks.two_theta_deg[:, None]) <= reach[:, None]
    area = np.maximum(peaks.area, 0.0)
    on_peak = near @ calculated
    touched = on_peak > 0.0
    if not touched.any():
        return 0.0, 0.0, 0.0, np.zeros(peaks.n_peaks, dtype=bool)
    scale = np.sqrt(area[touched] @ area[touched] / (on_peak[touched] @ on_peak[touched]))
    explained = scale * on_peak >= least_share * area
    # a calculated reflection counts as observed where a peak of comparable size is near
    seen = (near * area[:, None]).sum(axis=0)
    weight = np.sqrt(calculated)
    observed = np.minimum(1.0, np.sqrt(seen / np.maximum(scale * calculated, 1e-30)) / 0.5)
    return (
        float(area[explained].sum() / max(area.sum(), 1e-30)),
        float(explained.mean()),
        float((weight * observed).sum() / weight.sum()),
        explained,
    )
