"""Famous frameworks: nets by their RCSR symbols, nodes, linkers.

Nets as the discoverers and the RCSR (M. O'Keeffe et al., Acc. Chem. Res. 41 (2008) 1782,
https://doi.org/10.1021/ar800124u) name them: MOF-5 pcu, HKUST-1 tbo, UiO-66 fcu, MOF-177 qom,
ZIF-8 sod, ZIF-11 rho, COF-5 hcb, COF-102 ctn, COF-300 dia, MIL-88B acs.
"""

from __future__ import annotations

import tarfile
from functools import cache
from pathlib import Path

import pytest

from porescope.io.cif import crystal_from_cif_text
from porescope.reticular.taken_apart import TakenApart
from porescope.reticular.taking_apart.framework import put_together_graph_equal, take_apart

FAMOUS = {
    "IRMOF-1": ("pcu", 1, "Zn4O(CO2)6", "O=C(O)c1ccc(C(=O)O)cc1"),
    "Cu-BTC": ("tbo", 1, "Cu2(CO2)4 paddlewheel", "O=C(O)c1cc(C(=O)O)cc(C(=O)O)c1"),
    "UIO-66": ("fcu", 1, "Zr6O", "O=C(O)c1ccc(C(=O)O)cc1"),
    "MOF-177": (
        "qom",
        1,
        "Zn4O(CO2)6",
        "O=C(O)c1ccc(-c2cc(-c3ccc(C(=O)O)cc3)cc(-c3ccc(C(=O)O)cc3)c2)cc1",
    ),
    "ZIF-8": ("sod", 1, "Zn tetrahedron", "Cc1ncc[nH]1"),
    "COF-5": ("hcb", 1, "", "OB(O)c1ccc(B(O)O)cc1"),
    "COF-102": ("ctn", 1, "", ""),
    "COF-300": ("dia", 5, "", "O=Cc1ccc(C=O)cc1"),
    "MIL-88B-open": ("acs", 1, "Cr3O(CO2)6 trimer", "O=C(O)c1ccc(C(=O)O)cc1"),
    "ZnBDCdabco": ("pcu", 1, "Zn2(CO2)4 paddlewheel", "C1CN2CCN1CC2"),
}


RODS = ("MIL-47", "Mg-DOBDC", "MIL-140A-DFT")
WANTED = {*FAMOUS, *RODS}


@cache
def _texts(archive: Path) -> dict[str, str]:
    found = {}
    with tarfile.open(archive) as stream:
        for member in stream:
            stem = Path(member.name).stem
            if member.name.endswith(f"mofs/cif/{stem}.cif") and stem in WANTED:
                content = stream.extractfile(member)
                assert content is not None
                found[stem] = content.read().decode("utf-8", "replace").replace("\r\n", "\n")
    return found


def _taken(shared_data: Path, name: str) -> TakenApart:
    texts = _texts(shared_data / "structures" / "named_frameworks_raspa2.tar.xz")
    crystal = crystal_from_cif_text(texts[name], name=name)
    taken = take_apart(crystal)
    assert put_together_graph_equal(taken, crystal)
    return taken


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(FAMOUS))
def test_famous_frameworks(name: str, shared_data: Path) -> None:
    taken = _taken(shared_data, name)
    net, copies, node, linker = FAMOUS[name]
    assert taken.net_name == net
    assert taken.interpenetration == copies
    names = [b.name for b in taken.assembly.blocks if b.kind == "node"]
    assert any(n.startswith(node) for n in names)
    smiles = {b.smiles for b in taken.assembly.blocks if b.kind == "linker"}
    assert linker == "" or linker in smiles
    assert not [p for p in taken.problems if p.startswith("unknown")]
    assert taken.charge == 0


@pytest.mark.shared
@pytest.mark.parametrize("name", RODS)
def test_net_of_rods_does_not_depend_on_the_cell(name: str, shared_data: Path) -> None:
    texts = _texts(shared_data / "structures" / "named_frameworks_raspa2.tar.xz")
    crystal = crystal_from_cif_text(texts[name], name=name)
    taken, longer = take_apart(crystal), take_apart(crystal.supercell((1, 2, 1)))
    assert taken.net_name
    assert (taken.net_key, taken.net_view) == (longer.net_key, longer.net_view)
    assert any(b.name.endswith("rod") for b in taken.assembly.blocks)
