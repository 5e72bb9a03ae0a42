"""What the answer means and what to do next, in a person's words."""

from __future__ import annotations

from porescope.workflows.solution import Candidate, SolveResult

SURE = 0.8
"""Probability from which an answer is called sure enough to go on with."""


def percent(share: float, *, digits: int = 0) -> str:
    """A share from 0 to 1 as people write it; never a false 0 % or 100 %.

    Parameters
    ----------
    share:
        The share, 0 to 1.
    digits:
        Digits after the point.

    Returns
    -------
    :
        Text such as ``84 %``, ``< 1 %`` or ``> 99 %``; a dash where there is no number.
    """
    if share != share:
        return "–"
    least = 10.0**-digits
    value = 100.0 * share
    if 0.0 < value < least:
        return f"< {least:.{digits}f} %"
    if digits == 0 and 99.5 <= value < 100.0:
        return "> 99 %"
    return f"{value:.{digits}f} %"


def groups_of(result: SolveResult) -> tuple[tuple[Candidate, ...], ...]:
    """Candidates that the pattern cannot tell apart, in the order of their best rank.

    Parameters
    ----------
    result:
        The answer.

    Returns
    -------
    :
        One tuple for each group, also for those of one member.
    """
    groups: dict[str, list[Candidate]] = {}
    for candidate in result.candidates:
        groups.setdefault(candidate.group or candidate.id, []).append(candidate)
    return tuple(tuple(members) for members in groups.values())


def twins_of(result: SolveResult) -> str:
    """A sentence on the frameworks that the pattern cannot tell from the first; or nothing."""
    groups = groups_of(result)
    if not groups or len(groups[0]) < 2:
        return ""
    names = list(dict.fromkeys(candidate.name or candidate.id for candidate in groups[0]))
    if len(names) < 2 or all(name in result.verdict for name in names[:3]):
        return ""
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"The pattern alone cannot tell these apart: {shown}."


def next_steps(result: SolveResult) -> tuple[str, ...]:
    """What the user should do next, the most useful first.

    Parameters
    ----------
    result:
        The answer.

    Returns
    -------
    :
        One sentence each; commands stand between backticks.
    """
    steps: list[str] = []
    gave_elements = bool(result.settings.get("elements") or result.settings.get("formula"))
    first = result.candidates[0] if result.candidates else None
    group = groups_of(result)[0] if result.candidates else ()
    sure = sum(candidate.probability for candidate in group) >= SURE
    if first is None or result.none_of_these >= 0.5:
        steps.append(
            "If the framework may be known to you, add its structures to the library: "
            "`porescope library add FOLDER`."
        )
        steps.append("Look for its unit cell alone: `porescope index FILE`.")
    if not sure and not gave_elements:
        steps.append("Name the elements in the pot, it helps a lot: `--elements Zn,C,H,N`.")
    if first is not None and result.none_of_these < 0.5:
        if first.crystal is None:
            steps.append(
                f"The package ships no coordinates of {first.name}; add a folder with its CIF: "
                "`porescope library add FOLDER`."
            )
        elif sure:
            steps.append(
                "Start a Rietveld refinement from candidate_01.cif; its cell is fitted already."
            )
    open_peaks = [peak for peak in result.unexplained_peaks if not peak.assigned_to]
    if open_peaks and sure:
        steps.append(
            "Peaks remain that nothing explains: look for an impurity, a guest, or the holder."
        )
    return tuple(steps[:3])
