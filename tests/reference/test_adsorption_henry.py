"""Heats and Henry coefficients against other programs."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from porescope.adsorption.fields import field_named
from porescope.crystal.structure import Crystal
from porescope.io.cif import crystal_from_cif_text
from porescope.units import GAS_CONSTANT
from porescope.workflows.henry import henry


def from_archive(archive: Path, ending: str) -> Crystal:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.endswith(ending):
                handle = tar.extractfile(member)
                assert handle is not None
                text = handle.read().decode("utf-8", "replace")
                return crystal_from_cif_text(text, name=Path(ending).stem)
    raise AssertionError(f"{archive.name} holds no {ending}")


@pytest.mark.shared
@pytest.mark.parametrize("method", ["quadrature", "insertion"])
def test_methane_in_mfi_as_raspa2(shared_data: Path, method: str) -> None:
    # RASPA2's example 6: one methane molecule in MFI at 300 K, host energy -1987.07 K with a 95 %
    # interval of 3.97 K. https://doi.org/10.1080/08927022.2015.1010082
    mfi = from_archive(shared_data / "structures/named_frameworks_raspa2.tar.xz", "MFI_SI.cif")
    result = henry(
        mfi,
        gas="CH4:Dubbeldam",
        temperature=300.0,
        field="RASPA example zeolites",
        method="quadrature" if method == "quadrature" else "insertion",
        wanted_error=0.005,
    )
    expected = GAS_CONSTANT * 1e-3 * (300.0 + 1987.07)
    tolerance = GAS_CONSTANT * 1e-3 * 3.97 + 2.0 * result.heat_error
    assert result.heat_kj_per_mol == pytest.approx(expected, abs=tolerance)


@pytest.mark.shared
def test_methane_in_mfi_as_raspa3(shared_data: Path) -> None:
    # RASPA3 3.1.0, 10 000 cycles of Widom insertion: 17.367 with a 95 % interval of 0.245, for
    # the DLS-optimised MFI of the IZA, TraPPE-zeo with epsilon 158.5 K and sigma 3.72 Å for
    # methane, shifted at 12 Å.
    mfi = from_archive(shared_data / "structures/zeolites_iza.tar.xz", "iza_experimental/MFI.cif")
    field = field_named("TraPPE-zeo").with_options(
        cutoff=12.0, truncation="shifted", tail_correction=False
    )
    result = henry(mfi, gas="CH4:Dubbeldam", temperature=300.0, field=field)
    assert result.boltzmann_mean == pytest.approx(17.367, abs=0.245)
