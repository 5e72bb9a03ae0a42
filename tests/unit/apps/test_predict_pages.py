"""Pages of predictions: they load nothing, escape names, and draw sites."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framework_crystals import magnesium_pyrazine
from predict_toys import atoms_settings, sodalite_file, weights_file

pytest.importorskip("torch")
pytest.importorskip("safetensors")
pytest.importorskip("plotly")

from porescope.apps.report.predict_page import atom_groups, plain_name, predict_html
from porescope.apps.report.site_picture import site_svg, turned
from porescope.apps.report.sites_page import sites_html
from porescope.datasets.property_set import Target
from porescope.workflows.predict import predict
from porescope.workflows.predict_many import predict_files
from porescope.workflows.predict_models import open_property_models
from porescope.workflows.site_graphs import framework_graph, site_graphs
from porescope.workflows.site_ranking import ranked_sites


def _visible(page: str) -> str:
    """The page without scripts and packed data."""
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_a_name_is_escaped_and_nothing_is_loaded(tmp_path: Path) -> None:
    path = weights_file(
        tmp_path / "gap.safetensors", settings=atoms_settings(), targets=(("gap_ev", "eV"),)
    )
    crystal = replace(magnesium_pyrazine(), name='<img src="x">')
    page = _visible(predict_html(predict(crystal, model=path, with_map=True, spacing=2.0)))
    assert '<img src="x">' not in page
    assert "&lt;img" in page
    assert "{{" not in page
    assert re.findall(r"(?:src|href)=.?https?:", page) == []
    assert "What the model says of each atom" in page


def test_many_structures(tmp_path: Path) -> None:
    models = open_property_models(model=weights_file(tmp_path / "toy.safetensors"))
    files = [sodalite_file(tmp_path, name=f"{name}.cif") for name in ("a", "b&c")]
    files.append(sodalite_file(tmp_path, name="half.cif", occupancy=0.5))
    found = predict_files(files, models=models, with_sites=True, spacing=1.5)
    sites = ranked_sites(found.rows)
    page = _visible(sites_html(found, sites=sites, truth={"a": 1.0, "b&c": 2.0}))
    assert "b&amp;c" in page
    assert "Not predicted" in page
    assert "the mean error is" in page
    assert page.count("<figure>") == len(sites) == 1
    # The example's file is gone: the page says so, and stands.
    files[0].unlink()
    files[1].unlink()
    assert "not there any more" in sites_html(found, sites=sites)


def test_a_site_is_drawn_whole() -> None:
    crystal = magnesium_pyrazine()
    metal = int(np.flatnonzero(crystal.numbers == 12)[0])
    graph = framework_graph(crystal)
    site = site_graphs(graph, crystal.cart[[metal]], radius=3.5, atoms=[metal])[0]
    drawing = site_svg(site)
    assert drawing.count("<circle") == len(site.numbers)
    assert drawing.count("<line") == len(site.bonds)
    assert drawing.count('stroke-width="3"') == 1
    for x in re.findall(r'c[xy]="([-\d.]+)"', drawing):
        assert 0.0 <= float(x) <= 240.0


def test_turning_keeps_distances() -> None:
    cart = np.random.default_rng(0).normal(size=(7, 3))
    made = turned(cart)
    apart = [np.linalg.norm(c[:, None] - c[None], axis=2) for c in (cart, made)]
    assert np.allclose(*apart)


def test_names_for_people() -> None:
    for name, unit, expected in (
        ("band_gap_ev", "eV", "Band gap"),
        ("co2_298k_1bar_mol_per_kg", "mol/kg", "CO₂ 298k 1bar"),
        ("pld_angstrom", "Å", "Pld"),
        ("density_g_per_cm3", "g/cm³", "Density"),
        ("void_fraction", "1", "Void fraction"),
    ):
        assert plain_name(Target(name=name, unit=unit)) == expected


def test_equal_atoms_are_one_row(tmp_path: Path) -> None:
    path = weights_file(
        tmp_path / "gap.safetensors", settings=atoms_settings(), targets=(("gap_ev", "eV"),)
    )
    found = predict(sodalite_file(tmp_path), model=path, with_map=True, spacing=2.0)
    assert found.map is not None
    groups = atom_groups(found.map)
    assert sorted(str(group["symbol"]) for group in groups) == ["O", "Si"]
