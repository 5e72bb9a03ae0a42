"""The learned proposer of a search, and a search without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from porescope.diffraction.corrupt import ideal_pattern
from porescope.diffraction.prepare import prepare_pattern
from porescope.diffraction.radiation import Radiation, radiation_from_name
from porescope.workflows import learned, probability
from porescope.workflows.evidence import (
    CANDIDATE_FEATURES,
    LEARNED_FEATURES,
    LEARNED_SIGNS,
    Evidence,
    candidate_features,
)
from porescope.workflows.learned import LearnedQuery, learned_query
from porescope.workflows.probability import load_model, save_model, shipped_model
from porescope.workflows.solve import told_elements


def query(similarity: list[float]) -> LearnedQuery:
    return LearnedQuery(
        numbers=np.array([10, 20, 30, 40]),
        similarity=np.array(similarity),
        of_card=lambda card: 0.5,
        weights="small 0",
    )


def test_similarities_go_by_the_number_of_the_card() -> None:
    asked = query([0.1, 0.9, 0.3, 0.7])
    np.testing.assert_array_equal(
        asked.of_numbers(np.array([30, 11, 20, 99])), [0.3, np.nan, 0.9, np.nan]
    )


def test_the_nearest_rows_are_one_of_each_framework() -> None:
    asked = query([0.1, 0.9, 0.3, 0.7])
    numbers = np.array([40, 30, 20, 10, 5])
    codes = np.array([7, 8, 7, 9, 3])
    rows = asked.nearest_rows(numbers, framework_codes=codes, n=9)
    np.testing.assert_array_equal(rows, [2, 1, 3])
    np.testing.assert_array_equal(asked.nearest_rows(numbers, framework_codes=codes, n=1), [2])
    allowed = np.array([True, True, False, False, True])
    rows = asked.nearest_rows(numbers, framework_codes=codes, n=9, allowed=allowed)
    np.testing.assert_array_equal(rows, [0, 1])


def evidence(similarity: float) -> Evidence:
    return Evidence(
        cosine=0.9,
        rwp_fixed=0.3,
        rwp_le_bail=0.1,
        explained=0.9,
        explained_count=0.8,
        predicted=0.7,
        strain=(0.0, 0.001, -0.001),
        profile_cosine=0.95,
        lines_per_peak=3.0,
        zero_deg=0.05,
        rexp=0.05,
        similarity=similarity,
    )


def test_similarity_is_the_last_feature_where_it_is_asked_for() -> None:
    assert (*CANDIDATE_FEATURES, "learned_similarity") == LEARNED_FEATURES
    assert LEARNED_SIGNS["learned_similarity"] == 1
    found = [evidence(0.8), evidence(float("nan")), evidence(0.2)]
    context = {"n_peaks": 20, "chance_score": 0.7}
    plain = candidate_features(found, **context)
    more = candidate_features(found, **context, learned=True)
    assert plain.shape == (3, len(CANDIDATE_FEATURES))
    np.testing.assert_array_equal(more[:, :-1], plain)
    np.testing.assert_array_equal(more[:, -1], [0.8, 0.2, 0.2])
    none = candidate_features([evidence(float("nan"))], **context, learned=True)
    assert np.isfinite(none).all()
    assert candidate_features([], **context, learned=True).shape == (0, len(LEARNED_FEATURES))


def test_the_probability_knows_the_weights_that_it_was_made_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "learned.json"
    monkeypatch.setattr(probability, "SHIPPED_LEARNED_MODEL", own)
    plain = load_model()
    assert shipped_model(learned="small 1").candidate_features == CANDIDATE_FEATURES
    save_model(
        replace(
            plain,
            candidate_features=LEARNED_FEATURES,
            candidate_weights=np.append(plain.candidate_weights, 4.0),
            card={"learned": "small 1"},
        ),
        own,
    )
    assert shipped_model(learned="small 1").candidate_features == LEARNED_FEATURES
    assert shipped_model(learned="small 2").candidate_features == CANDIDATE_FEATURES
    assert shipped_model().candidate_features == CANDIDATE_FEATURES


def test_a_full_list_of_elements_is_told_and_metals_alone_are_not() -> None:
    assert told_elements((), ("Zn",)) == ()
    assert told_elements(("C", "N"), ("Zn",)) == ("C", "N", "Zn")
    assert told_elements((), ("Zn",), formula="ZnC8H10N4") == ("Zn", "C", "H", "N")


def peaks_of(crystal):
    return prepare_pattern(ideal_pattern(crystal)).peaks


def test_without_torch_or_weights_or_xrays_there_is_no_query(tiny_space, monkeypatch) -> None:
    from porescope.datasets.library import Library
    from tiny_space import own_crystal

    copper = radiation_from_name("CuKa")
    neutrons = Radiation(kind="neutron", wavelengths=(1.54,))
    peaks = peaks_of(own_crystal(0))
    with Library.open([tiny_space.library]) as library:
        ask = {"radiation": copper, "weights": tiny_space.weights}
        assert learned_query(library, peaks, **ask | {"radiation": neutrons}) == (None, "")
        assert learned_query(library, peaks, **ask | {"weights": "nothing"}) == (None, "")
        monkeypatch.setattr(learned, "find_spec", lambda name: None)
        assert learned_query(library, peaks, **ask) == (None, "")


def test_what_goes_wrong_is_told_and_not_raised(tiny_space, own_cache: Path) -> None:
    from porescope.datasets.library import Library
    from tiny_space import own_crystal

    own_cache.write_text("a file where the cache should be")
    with Library.open([tiny_space.library]) as library:
        found, reason = learned_query(
            library,
            peaks_of(own_crystal(0)),
            radiation=radiation_from_name("CuKa"),
            weights=tiny_space.weights,
        )
    assert found is None
    assert reason.startswith("The learned space was not used: the embeddings")


def test_the_query_is_that_of_the_index(tiny_space, own_cache: Path) -> None:
    from porescope.datasets.library import Library
    from tiny_space import own_crystal

    with Library.open([tiny_space.library]) as library:
        found, reason = learned_query(
            library,
            peaks_of(own_crystal(2)),
            radiation=radiation_from_name("CuKa"),
            elements=("Zr", "C", "O"),
            weights=tiny_space.weights,
        )
        assert found is not None
        assert not reason
        assert (np.diff(found.numbers) > 0).all()
        card = library.cards(found.numbers[:1])[0]
    assert found.of_card(card) == pytest.approx(float(found.similarity[0]), abs=2e-3)
