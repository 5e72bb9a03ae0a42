"""Known frameworks taken apart and put on their nets again: the cell must come back."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest

from porescope.crystal.structure import Crystal
from porescope.io.cif import read_cif
from porescope.reticular.assembly import Assembly
from porescope.reticular.block import Block
from porescope.reticular.fit_assembly import fit_assembly
from porescope.reticular.nets.fitting import fitting_nets_of_blocks
from porescope.reticular.placing import place_on_net
from porescope.reticular.placing_copies import interpenetrated
from porescope.reticular.taken_apart import TakenApart
from porescope.reticular.taking_apart.framework import take_apart

pytestmark = pytest.mark.shared

FRAMEWORKS = {
    "IRMOF-1": ("pcu", 1.0),
    "Cu-BTC": ("tbo", 1.0),
    "UIO-66": ("fcu", 1.0),
    "ZIF-8": ("sod", 1.0),
    "MOF-205": ("ith-d", 1.0),
    "COF-108": ("bor", 1.0),
    "IRMOF-9": ("pcu", 2.0),
    "COF-300": ("dia", 5.0),
    "NU-100SP-primitive": ("ntt", 1.0),
    "ZnBDCdabco": ("pcu", 1.0),
}
"""Net, and how many of them interpenetrate."""


@pytest.fixture(scope="module")
def crystals(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Crystal]:
    folder = tmp_path_factory.mktemp("named")
    found = {}
    archive = shared_data / "structures" / "named_frameworks_raspa2.tar.xz"
    with tarfile.open(archive) as tar:
        for member in tar:
            name = Path(member.name).stem
            if name in FRAMEWORKS and member.name.endswith(".cif") and "mofs" in member.name:
                content = tar.extractfile(member)
                assert content is not None
                path = folder / f"{name}.cif"
                path.write_bytes(content.read())
                found[name] = read_cif(path)
    return found


def _blocks(taken: TakenApart, kind: str) -> list[Block]:
    """One block of each composition."""
    found: dict[tuple[str, int], Block] = {}
    for block in taken.assembly.blocks:
        if block.kind == kind:
            found.setdefault((block.formula, block.n_ports), block)
    return list(found.values())


def _volume_per_atom(assembly: Assembly) -> float:
    return abs(np.linalg.det(assembly.lattice)) / assembly.n_atoms


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_comes_back_on_its_net(name: str, crystals: dict[str, Crystal]) -> None:
    net, n_nets = FRAMEWORKS[name]
    crystal = crystals[name]
    taken = take_apart(crystal)
    assert taken.net_name == net
    assert taken.interpenetration == n_nets
    nodes, linkers = _blocks(taken, "node"), _blocks(taken, "linker")
    (first, *_) = place_on_net(net, nodes=nodes, linkers=linkers)
    closed = fit_assembly(first)
    # One conformer stands for all, and links of measured structures vary by hundredths.
    assert closed.rms_gap < 0.1
    wanted = crystal.volume / crystal.n_atoms
    assert _volume_per_atom(closed.assembly) / n_nets == pytest.approx(wanted, rel=0.01)
    if n_nets > 1:
        (woven, *_) = interpenetrated(closed.assembly, n_nets=int(n_nets))
        assert _volume_per_atom(woven) == pytest.approx(wanted, rel=0.01)


@pytest.mark.parametrize("name", ["IRMOF-1", "UIO-66", "Cu-BTC"])
def test_the_net_is_among_the_first_that_fit(name: str, crystals: dict[str, Crystal]) -> None:
    taken = take_apart(crystals[name])
    found = fitting_nets_of_blocks(
        _blocks(taken, "node")[:1], linkers=_blocks(taken, "linker")[:1], max_vertices=14
    )
    assert FRAMEWORKS[name][0] in [net.name for net in found][:3]
