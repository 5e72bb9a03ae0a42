"""Pores against Zeo++, PoreBlazer, and RASPA."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest

from pore_crystals import triclinic
from porescope.crystal.structure import Crystal
from porescope.io.cif import read_cif
from porescope.workflows.pores import pore_geometry, void_fraction


def unpacked(archive: Path, member: str, folder: Path) -> Path:
    with tarfile.open(archive) as bundle:
        stream = bundle.extractfile(member)
        assert stream is not None
        path = folder / Path(member).name
        path.write_bytes(stream.read())
    return path


def zeolite(shared_data: Path, code: str) -> Crystal:
    return read_cif(shared_data / "reference" / "iza_argon_87k" / code / "zeolite.cif")


@pytest.mark.parametrize("seed", [3, 4])
def test_zeo_at_high_accuracy(seed):
    # Small spheres in place of atoms make the pores of Zeo++ some hundredths of an angstrom wider.
    pytest.importorskip("pyzeo")
    grid = pore_geometry(triclinic(seed), probe_radius=1.2, engine="grid")
    zeo = pore_geometry(triclinic(seed), probe_radius=1.2, engine="zeo++")
    assert zeo.engine == "zeo++"
    for name in ("largest_free_diameter", "largest_included_diameter"):
        assert getattr(grid, name) == pytest.approx(getattr(zeo, name), abs=0.08), name
    assert grid.accessible_area == pytest.approx(zeo.accessible_area, rel=0.03)
    assert grid.accessible_volume == pytest.approx(zeo.accessible_volume, rel=0.04)
    assert grid.n_channels == zeo.n_channels


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "lcd", "pld", "path", "area", "pocket_area"),
    [
        ("ABAVIJ_clean", 4.45543, 2.4972, 4.40652, 0.0, 312.052),
        ("GADRAH_clean", 6.6659, 5.1408, 6.6659, 1633.36, 0.0),
        ("WUXLIM_clean", 3.8819, 2.8799, 3.8781, 0.0, 103.453),
    ],
)
def test_published_core_mofs(shared_data, tmp_path, name, lcd, pld, path, area, pocket_area):
    # The table is by Zeo++ at high accuracy, which puts many small spheres in place of an atom
    # and so finds pores up to some 0.05 Å wider than they are.
    cif = unpacked(
        shared_data / "structures" / "core_mof_2019.tar.xz",
        f"core_mof_2019/{name}.cif",
        tmp_path,
    )
    found = pore_geometry(cif, probe_radius=1.655)
    assert found.largest_included_diameter == pytest.approx(lcd, abs=0.05)
    assert found.largest_free_diameter == pytest.approx(pld, abs=0.05)
    assert found.included_along_free_path_diameter == pytest.approx(path, abs=0.05)
    assert found.accessible_area_m2_per_cm3 == pytest.approx(area, rel=0.02)
    assert found.non_accessible_area_m2_per_cm3 == pytest.approx(pocket_area, rel=0.05)


@pytest.mark.shared
def test_helium_void_fraction_of_irmof_1(shared_data, tmp_path):
    # RASPA2 example Auxiliary/3_HeliumVoidFraction: 0.803629(104), field of the examples, 12 Å.
    cif = unpacked(
        shared_data / "structures" / "named_frameworks_raspa2.tar.xz",
        "named/mofs/cif/IRMOF-1.cif",
        tmp_path,
    )
    from porescope.adsorption.fields import field_named

    field = field_named("RASPA example MOFs").with_options(cutoff=12.0, truncation="shifted")
    found = void_fraction(cif, field=field, spacing=0.3)
    assert found == pytest.approx(0.803629, abs=3 * 0.000104 + 2e-4)
    rule = void_fraction(cif, field=field, spacing=0.5, rule="15kT")
    assert 0.5 < rule < 0.95


@pytest.mark.shared
def test_pore_sizes_of_chabazite_peak_where_poreblazer_puts_them(shared_data):
    # PoreBlazer takes the diameters of UFF for the atoms, so its pores differ by a few tenths.
    folder = shared_data / "reference" / "iza_argon_87k" / "CHA"
    rows = [line.split() for line in (folder / "pb_Total_psd.txt").read_text().splitlines()]
    table = np.array([[float(x) for x in row] for row in rows if row and row[0][0].isdigit()])
    found = pore_geometry(zeolite(shared_data, "CHA"), pore_sizes=True).sizes
    assert found is not None
    theirs = table[np.argmax(table[:, 1]), 0]
    ours = found.diameter[np.argmax(found.density)]
    assert ours == pytest.approx(theirs, abs=0.75)
