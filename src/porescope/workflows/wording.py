"""What a person reads: the verdict, and the paragraph for a paper."""

from __future__ import annotations

from collections.abc import Sequence

from porescope.diffraction.radiation import Radiation
from porescope.workflows.solution import Candidate, Phase

SURE = 0.9
"""Probability from which the verdict says "it is"."""
LIKELY = 0.5
"""Probability from which the verdict says "probably"."""
CLOSE = 0.2
"""Difference of two probabilities below which the verdict calls it undecided."""


def verdict_of(
    candidates: Sequence[Candidate], *, none_of_these: float, phases: Sequence[Phase]
) -> str:
    """One sentence: what it is, how sure, what stands beside it."""
    nearest = sum(c.probability for c in candidates if c.group == candidates[0].group)
    if candidates and abs(nearest - none_of_these) < CLOSE and nearest + none_of_these > SURE:
        return (
            f"Undecided: this is {_title(candidates[0])} ({percent(nearest)}), or none of the "
            f"frameworks in the library ({percent(none_of_these)})."
        )
    if not candidates or none_of_these >= LIKELY:
        text = f"None of the frameworks in the library fits well ({percent(none_of_these)} sure)"
        if candidates:
            text += f"; the nearest is {_title(candidates[0])}"
        return text + "."
    first = candidates[0]
    alike = [c for c in candidates if c.group == first.group]
    in_group = sum(c.probability for c in alike)
    others = [_title(c) for c in alike[1:] if c.probability >= 0.02]
    names = _title(first)
    if in_group >= SURE:
        text = f"This is {names}"
    elif in_group >= LIKELY:
        text = f"This is probably {names}"
    else:
        text = f"This may be {names}"
    text += f" ({percent(in_group)})"
    if others:
        text += (
            f"; the pattern alone cannot tell it from {_list_of(others[:3])}, which share its net"
        )
    if phases:
        text += f", with {_list_of([p.name for p in phases])} beside it"
    return text + "."


def _title(candidate: Candidate) -> str:
    """Name for a sentence; an entry that has only an identifier is given with its formula."""
    if candidate.name != candidate.id:
        return candidate.name
    return f"{candidate.id} ({candidate.formula})"


def percent(probability: float) -> str:
    """A probability for people: never 0 % and never 100 %."""
    if probability >= 0.995:
        return "> 99 %"
    if probability < 0.005:
        return "< 1 %"
    return f"{100.0 * probability:.0f} %"


def methods_paragraph(
    *,
    version: str,
    n_searched: int,
    n_assembled: int,
    n_fits: int,
    radiation: str,
    range_deg: tuple[float, float],
    background: str,
    first: Candidate | None,
    learned: str = "",
) -> str:
    """A paragraph for the methods section of a paper."""
    assembled = ""
    if n_assembled:
        assembled = f" and {n_assembled:,} frameworks assembled from the metal and the linkers"
    near = ""
    if learned:
        near = f" the nearest in a learned space (weights {learned}) were looked at too;"
    text = (
        f"The powder pattern ({radiation}, 2θ = {range_deg[0]:.1f}–{range_deg[1]:.1f}°) was "
        f"analysed with porescope {version}. The background was estimated with {background}, and "
        f"peaks were located by least-squares fits of pseudo-Voigt functions. The peaks were "
        f"compared with calculated reflection lists of {n_searched:,} known frameworks{assembled}, "
        f"with each cell edge free to change by up to about 4 %;{near} the {n_fits} best were "
        "fitted to the whole pattern, with calculated intensities and by the Le Bail method. "
        "Probabilities come from a conditional logit calibrated on simulated, corrupted patterns "
        "of frameworks, half of them absent from the library."
    )
    if first is not None:
        a, b, c, alpha, beta, gamma = first.cell
        text += (
            f" The best candidate was {first.name} ({first.id}, {first.space_group}), with refined "
            f"cell a = {a:.4f}, b = {b:.4f}, c = {c:.4f} Å, α = {alpha:.3f}, β = {beta:.3f}, "
            f"γ = {gamma:.3f}°; Rwp = {100 * first.rwp:.1f} % with calculated intensities, "
            f"{100 * first.rwp_le_bail:.1f} % (Le Bail)."
        )
    return text


def _list_of(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    unique = list(dict.fromkeys(names))
    if len(unique) < 2:
        return "".join(unique)
    return ", ".join(unique[:-1]) + " and " + unique[-1]


def describe_radiation(radiation: Radiation) -> str:
    """Radiation for a sentence."""
    lines = ", ".join(f"{w:.5g}" for w in radiation.wavelengths)
    name = {"neutron": "neutrons"}.get(radiation.kind, radiation.name or "X-rays")
    return f"{name}, λ = {lines} Å"
