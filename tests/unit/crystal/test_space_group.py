"""Space groups from symbols, numbers and operations."""

import gemmi
import numpy as np
import pytest

from porescope.crystal.operations import operation_from_text, operation_text
from porescope.crystal.space_group import (
    space_group_from_matrices,
    space_group_from_number,
    space_group_from_operations,
    space_group_from_symbol,
    tabulated_symbol,
)
from porescope.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Fm-3m", "F m -3 m"),
        ("F m 3 m", "F m -3 m"),
        ("FM-3M", "F m -3 m"),
        ("P2(1)/c", "P 1 21/c 1"),
        ("P 21 / n", "P 1 21/n 1"),
        ("P_21/c", "P 1 21/c 1"),
        ("'C 2/c'", "C 1 2/c 1"),
        ("P63/MMC", "P 63/m m c"),
        ("R-3mH", "R -3 m:H"),
        ("R -3 m :R", "R -3 m:R"),
        ("F d -3 m S", "F d -3 m:1"),
        ("F d -3 m Z", "F d -3 m:2"),
        ("P 2/b 21/c 21/m", "P b c m"),
        ("R -3 2/m", "R -3 m:H"),
        ("-P 2ybc", "P 1 21/c 1"),
    ],
)
def test_spellings(written, meant):
    assert space_group_from_symbol(written).symbol == meant


def test_angles_tell_the_axes_of_a_rhombohedral_group():
    assert space_group_from_symbol("R -3", alpha_deg=90.0, gamma_deg=120.0).n_ops == 18
    assert space_group_from_symbol("R -3", alpha_deg=70.0, gamma_deg=70.0).n_ops == 6


def test_origin_choice():
    assert space_group_from_symbol("F d -3 m").symbol == "F d -3 m:2"
    assert space_group_from_symbol("F d -3 m", origin="1").symbol == "F d -3 m:1"


@pytest.mark.parametrize("symbol", ["Q 7", "", "P 99", "?"])
def test_nonsense_symbols_are_refused(symbol):
    with pytest.raises(ConfigError, match="symbol"):
        space_group_from_symbol(symbol)


@pytest.mark.parametrize("number", [0, 231, -5])
def test_numbers_out_of_range_are_refused(number):
    with pytest.raises(ConfigError, match="1 to 230"):
        space_group_from_number(number)


def test_every_tabulated_setting_comes_back_from_its_operations():
    for entry in gemmi.spacegroup_table():
        group = space_group_from_symbol(entry.xhm())
        texts = [
            operation_text(rotation, translation=translation)
            for rotation, translation in zip(group.rotations, group.translations, strict=True)
        ]
        again = space_group_from_operations(texts)
        assert (group.symbol, group.number) == (entry.xhm(), entry.number)
        assert (again.n_ops, again.number) == (group.n_ops, group.number)


def test_generators_are_completed():
    group = space_group_from_operations(["-x,-y,z", "-x,y,-z", "-x,-y,-z", "z,x,y"])
    assert (group.number, group.n_ops) == (200, 24)


def test_a_setting_that_no_table_has():
    shift = np.array([0.1, 0.2, 0.3])
    group = space_group_from_symbol("P 1 21/c 1")
    moved = group.translations + (np.eye(3) - group.rotations) @ shift
    found = space_group_from_matrices(group.rotations, translations=moved)
    assert found.number == 14
    assert tabulated_symbol(found) is None
    assert tabulated_symbol(group) == "P 1 21/c 1"


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("x+1/2, -y, z", (0.5, 0, 0)),
        ("1/2+X,-Y,Z", (0.5, 0, 0)),
        ("x+0.5,-y,z", (0.5, 0, 0)),
        ("x + .3333, -y, z+0.167", (1 / 3, 0, 1 / 6)),
        ("'x-1/2,-y,+z'", (0.5, 0, 0)),
        ("x,-y,z+0.12345678", (0, 0, 0.12345678)),
    ],
)
def test_operations_as_files_write_them(text, translation):
    rotation, found = operation_from_text(text)
    assert np.array_equal(rotation, np.diag([1, -1, 1]))
    assert found == pytest.approx(translation)


@pytest.mark.parametrize(
    "text", ["x,y", "x,y,q", "x,y,z/0", "x,x,z", "x/2,y,z", "", "2x,y,z", "x,y,z+1/0", "x,,z"]
)
def test_broken_operations_are_refused(text):
    with pytest.raises(ConfigError, match="operation"):
        operation_from_text(text)


def test_operations_without_an_end_are_refused():
    with pytest.raises(ConfigError, match="group"):
        space_group_from_operations(["x+y,y,z"])
