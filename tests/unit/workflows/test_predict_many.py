"""Many files: failures as rows, going on, sites over the set."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from predict_toys import sodalite_file, weights_file

pytest.importorskip("torch")
pytest.importorskip("safetensors")

from porescope.errors import ConfigError, ParseError
from porescope.io.cif import read_cif
from porescope.io.cif_files import structure_files
from porescope.workflows.map_contributions import contribution_map
from porescope.workflows.predict_many import (
    JOURNAL,
    predict_files,
    true_values,
    weighted_quantiles,
)
from porescope.workflows.predict_models import PropertyModels, open_property_models
from porescope.workflows.site_ranking import (
    COLUMNS,
    example_graph,
    ranked_sites,
    sites_of,
    write_sites,
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> PropertyModels:
    path = weights_file(tmp_path_factory.mktemp("weights") / "toy.safetensors")
    return open_property_models(model=path)


@pytest.fixture
def cifs(tmp_path: Path) -> Path:
    folder = tmp_path / "cifs"
    first = sodalite_file(folder, name="a.cif")
    shutil.copy(first, folder / "b.cif")
    (folder / "c.cif").write_text("no structure\n", encoding="utf-8")
    sodalite_file(folder / "below", name="d.cif", occupancy=0.5)
    return folder


def test_rows_and_going_on(models: PropertyModels, cifs: Path, tmp_path: Path) -> None:
    files = structure_files([cifs])
    assert [path.name for path in files] == ["a.cif", "b.cif", "d.cif", "c.cif"]
    seen: list[int] = []
    found = predict_files(
        files, models=models, out=tmp_path / "out", progress=lambda p: seen.append(p.done)
    )
    assert seen == [1, 2, 3, 4]
    assert [row["status"] for row in found.rows] == ["ok", "ok", "failed", "failed"]
    assert "disordered" in found.rows[2]["message"]
    assert "expected a CIF" in found.rows[3]["message"]
    assert found.n_resumed == 1  # the second file has the content of the first
    assert found.rows[0]["values"] == found.rows[1]["values"]
    # Half a journal and a torn line: the rest is made again.
    journal = tmp_path / "out" / JOURNAL
    lines = journal.read_text("utf-8").splitlines(keepends=True)
    journal.write_text(lines[0] + lines[1][:20], encoding="utf-8")
    again = predict_files(files, models=models, out=tmp_path / "out")
    assert again.rows == found.rows
    assert again.n_resumed == 2
    with pytest.raises(ConfigError, match="other settings"):
        predict_files(files, models=models, out=tmp_path / "out", spacing=0.7)
    fresh = predict_files(files, models=models, out=tmp_path / "out", spacing=0.7, resume=False)
    assert fresh.n_resumed == 1


def test_sites_of_a_set(models: PropertyModels, cifs: Path, tmp_path: Path) -> None:
    files = structure_files([cifs])
    found = predict_files(files, models=models, with_sites=True, spacing=0.8)
    sites = ranked_sites(found.rows)
    assert len(sites) == 1  # silica: one tetrahedral atom, its oxygen counted in
    assert (sites[0].element, sites[0].n_structures, sites[0].n_atoms) == ("Si", 2, 24)
    assert sites[0].rank == 1
    assert sites[0].share == 1.0
    assert sites[0].spread == pytest.approx(0.0, abs=1e-9)
    assert ranked_sites(found.rows, least_structures=3) == []
    made = contribution_map(models, read_cif(cifs / "a.cif"), spacing=0.8)
    is_open = made.atoms.weight > 0.0
    whole = np.nansum(made.atoms.mean * made.atoms.weight) / made.atoms.weight[is_open].sum()
    assert sites[0].mean == pytest.approx(whole)
    write_sites(sites, tmp_path / "sites.csv")
    with (tmp_path / "sites.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS
    graph = example_graph(sites[0], most=3.0)
    assert set(graph.numbers.tolist()) == {8, 14}


def test_a_supercell_ranks_its_sites_alike(models: PropertyModels, cifs: Path) -> None:
    crystal = read_cif(cifs / "a.cif").without_symmetry()
    once = sites_of(contribution_map(models, crystal, spacing=1.2))
    twice = sites_of(contribution_map(models, crystal.supercell((2, 1, 1)), spacing=1.2))
    assert [kind[0] for kind in once] == [kind[0] for kind in twice]
    assert twice[0][3] == 2 * once[0][3]
    assert twice[0][4] == pytest.approx(once[0][4], rel=1e-4)


def test_quantiles_count_by_weight() -> None:
    values, weight = np.array([3.0, 1.0]), np.array([0.25, 0.75])
    made = weighted_quantiles(values, weight=weight)
    assert np.all(np.diff(made) >= 0.0)
    assert np.mean(made == 1.0) == pytest.approx(0.75, abs=0.03)
    assert len(weighted_quantiles(np.zeros(0), weight=np.zeros(0))) == 0


def test_known_values(tmp_path: Path) -> None:
    path = tmp_path / "known.csv"
    path.write_text("id,uptake\na.cif,1.5\nb,\nc,nan\n", encoding="utf-8")
    assert true_values(path, column="uptake") == {"a": 1.5}
    with pytest.raises(ParseError, match="gap"):
        true_values(path, column="gap")
    path.write_text("id,uptake\na,much\n", encoding="utf-8")
    with pytest.raises(ParseError, match="expected a number"):
        true_values(path, column="uptake")
