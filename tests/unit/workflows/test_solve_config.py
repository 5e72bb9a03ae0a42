"""What a user says of a sample, and the elements that follow from it."""

from __future__ import annotations

import pytest

from porescope.errors import ConfigError
from porescope.workflows.solve_config import (
    SolveConfig,
    element_rule,
    elements_of_formula,
    settings_of,
    told_elements,
)


def test_formula_names_elements() -> None:
    assert elements_of_formula("Zn(C4H5N2)2") == ("Zn", "C", "H", "N")
    contains, only = element_rule(SolveConfig(formula="Zn4O(CO2)6"))
    assert contains == ("C", "O", "Zn")
    assert only == ("C", "H", "O", "Zn")
    with pytest.raises(ConfigError, match="no element"):
        elements_of_formula("Xx2O")


def test_a_full_list_of_elements_is_told_and_metals_alone_are_not() -> None:
    assert told_elements((), ("Zn",)) == ()
    assert told_elements(("C", "N"), ("Zn",)) == ("C", "N", "Zn")
    assert told_elements((), ("Zn",), formula="ZnC8H10N4") == ("Zn", "C", "H", "N")


def test_linkers_bring_their_elements_and_those_of_nodes() -> None:
    contains, only = element_rule(SolveConfig(metals=("Zn",), linkers=("OC(=O)c1ccncc1",)))
    assert contains == ("C", "N", "O", "Zn")
    assert only == ("C", "Cl", "F", "H", "N", "O", "Zn")
    assert element_rule(SolveConfig(metals=("Zn",))) == (("Zn",), None)


def test_settings_say_what_was_asked_for() -> None:
    assert settings_of(SolveConfig()) == {"phases": "2", "fits": "20"}
    asked = SolveConfig(metals=("Zn", "Cu"), caps=(), two_theta_range_deg=(5.0, 40.5))
    assert settings_of(asked) == {
        "metal": "Zn, Cu",
        "caps": "none",
        "range": "5–40.5°",
        "phases": "2",
        "fits": "20",
    }
    with pytest.raises(ConfigError, match="max_phases"):
        SolveConfig(max_phases=4)
