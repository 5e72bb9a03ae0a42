"""The verdict says what the probabilities say, and no more."""

from __future__ import annotations

import pytest

from porescope.workflows.solution import Candidate
from porescope.workflows.wording import percent, verdict_of


def _candidate(name: str, probability: float, *, group: str = "1") -> Candidate:
    return Candidate(
        rank=1,
        id=name.lower(),
        name=name,
        group=group,
        source="library:made",
        formula="O2Si",
        cell=(10.0, 10.0, 10.0, 90.0, 90.0, 90.0),
        space_group="P1",
        rwp=0.1,
        rwp_le_bail=0.05,
        peaks_explained=0.9,
        probability=probability,
        strain_percent=(0.0, 0.0, 0.0),
    )


@pytest.mark.parametrize(
    ("shares", "begin"),
    [
        ((0.95, 0.05), "This is A"),
        ((0.7, 0.3), "This is probably A (70 %)"),
        ((0.47, 0.53), "Undecided: this is A (47 %), or none"),
        ((0.54, 0.46), "Undecided: this is A (54 %), or none"),
        ((0.3, 0.3), "This may be A (30 %)"),
        ((0.2, 0.8), "None of the frameworks in the library fits well (80 % sure); the nearest"),
    ],
)
def test_sure_probable_undecided_or_none(shares: tuple[float, float], begin: str) -> None:
    ours, none = shares
    candidates = [_candidate("A", ours), _candidate("B", 1.0 - ours - none, group="2")]
    assert verdict_of(candidates, none_of_these=none, phases=()).startswith(begin)


def test_a_group_stands_together_and_its_members_are_named() -> None:
    candidates = [_candidate("A", 0.5), _candidate("B", 0.45)]
    told = verdict_of(candidates, none_of_these=0.05, phases=())
    assert told.startswith("This is A (95 %); the pattern alone cannot tell it from B")
    assert verdict_of([], none_of_these=1.0, phases=()).startswith("None of the frameworks")


def test_no_percentage_claims_certainty() -> None:
    assert (percent(1.0), percent(0.0), percent(0.53)) == ("> 99 %", "< 1 %", "53 %")
