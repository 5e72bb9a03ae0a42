"""The packaged force fields: all load, every number has its source, names are forgiving."""

from pathlib import Path

import numpy as np
import pytest

from porescope.adsorption.charges import charge_table_names
from porescope.adsorption.fields import field_named, field_names
from porescope.adsorption.gases import gas_named, gas_names, model_names
from porescope.errors import ConfigError

EXPECTED = {
    "UFF",
    "DREIDING",
    "TraPPE-zeo",
    "argon in zeolites",
    "methane in silica",
    "CO2 in zeolites",
    "alkanes in silica",
    "RASPA example MOFs",
    "RASPA example zeolites",
}


def test_all_fields_are_there() -> None:
    assert set(field_names()) == EXPECTED


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_row_has_a_source_and_sane_numbers(name: str) -> None:
    field = field_named(name)
    assert field.citation
    assert field.describe().startswith(name)
    for row in (*field.types, *field.pairs):
        assert len(row.source) > 10
        if np.isfinite(row.epsilon_k):
            assert 0.0 <= row.epsilon_k < 700.0
        if row.epsilon_k > 0.0:
            assert 1.5 < row.sigma < 5.0


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_field_works_with_the_gases_that_it_names(name: str) -> None:
    field = field_named(name)
    for gas_name, model in field.gas_models:
        gas = gas_named(gas_name, model=model)
        for each in field.types:
            for bead in gas.beads:
                if each.name == "Na" and not any(p.second == bead.type for p in field.pairs):
                    continue
                epsilon, sigma = field.mixed(
                    (each.name, each.epsilon_k, each.sigma),
                    (bead.type, bead.epsilon_k, bead.sigma),
                )
                assert np.isfinite(epsilon)
                assert sigma > 0.0


def test_uff_covers_hydrogen_to_lawrencium() -> None:
    for name in ("UFF", "DREIDING"):
        assert [each.number for each in field_named(name).types] == list(range(1, 104))


def test_fields_made_for_pairs_refuse_other_gases() -> None:
    field = field_named("methane in silica")
    oxygen = next(each for each in field.types if each.name == "O")
    row = ("O", oxygen.epsilon_k, oxygen.sigma)
    assert field.mixed(row, ("CH4_dub", 158.5, 3.72)) == (115.0, 3.47)
    with pytest.raises(ConfigError, match=r"no parameters for O with Ar; it is made for CH4"):
        field.mixed(row, ("Ar", 119.8, 3.4))
    # A charge without a Lennard-Jones site needs no parameters.
    assert field.mixed(row, ("com_n2", 0.0, 0.0))[0] == 0.0


def test_names_are_forgiving_and_unknown_ones_are_listed() -> None:
    assert field_named("trappe zeo") is field_named("TraPPE-zeo")
    assert field_named("argon-in-zeolites").truncation == "truncated"
    with pytest.raises(ConfigError, match=r"known ones: .*UFF"):
        field_named("OPLS")


def test_the_page_lists_all_fields_gases_and_tables() -> None:
    page = Path(__file__).parents[3] / "docs" / "fields.md"
    if not page.is_file():
        pytest.skip("the docs are not here")
    text = page.read_text(encoding="utf-8")
    for name in field_names():
        treatment = field_named(name).describe().split(", ", 2)[2]
        assert f"| {name} |" in text
        assert f"| {treatment} |" in next(
            line for line in text.splitlines() if line.startswith(f"| {name} |")
        )
    for gas in gas_names():
        default, *others = model_names(gas)
        assert f"| {gas} | {default} (default) |" in text
        for model in others:
            assert f"| {gas} | {model} |" in text
    for table in charge_table_names():
        assert f'`"{table}"`' in text
