"""Nets against published coordination sequences and other codes.

Frameworks: R. W. Grosse-Kunstleve, G. O. Brunner, N. J. A. Sloane, Acta Cryst. A52 (1996) 879
(https://doi.org/10.1107/S0108767396007519); zeolites: Database of Zeolite Structures
(https://www.iza-structure.org/databases/); nets: RCSR (https://doi.org/10.1021/ar800124u).
"""

from __future__ import annotations

import numpy as np
import pytest

from porescope.reticular.nets.catalogue import names_of_key, net_named, net_names
from porescope.reticular.nets.sequences import coordination_sequences

SEQUENCES = {
    "dia": [4, 12, 24, 42, 64, 92, 124, 162, 204, 252],
    "lon": [4, 12, 25, 44, 67, 96, 130, 170, 214, 264],
    "pcu": [6, 18, 38, 66, 102, 146, 198, 258, 326, 402],
    "bcu": [8, 26, 56, 98, 152, 218, 296, 386, 488, 602],
    "fcu": [12, 42, 92, 162, 252, 362, 492, 642, 812, 1002],
    "srs": [3, 6, 12, 24, 35, 48, 69, 86, 108, 138],
    "sql": [4, 8, 12, 16, 20, 24, 28, 32, 36, 40],
    "hcb": [3, 6, 9, 12, 15, 18, 21, 24, 27, 30],
    "hxl": [6, 12, 18, 24, 30, 36, 42, 48, 54, 60],
    "kgm": [4, 8, 14, 18, 22, 28, 30, 38, 38, 48],
    "SOD": [4, 10, 20, 34, 52, 74, 100, 130, 164, 202],
    "CHA": [4, 9, 17, 29, 45, 64, 85, 110, 140, 173],
    "FAU": [4, 9, 16, 25, 37, 53, 73, 96, 120, 145],
    "LTA": [4, 9, 17, 28, 42, 60, 81, 105, 132, 162],
    "GIS": [4, 9, 18, 32, 48, 67, 92, 120, 150, 185],
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_coordination_sequences_are_the_published_ones(name: str) -> None:
    found = coordination_sequences(net_named(name).net)
    assert found.tolist() == [SEQUENCES[name]] * len(found)


def test_the_common_nets_are_there() -> None:
    common = (
        "sql hcb kgm hxl kgd pcu dia fcu tbo nbo bcu reo sod rho srs ths csq ftw she spn scu mtn "
        "acs pto bor ctn rtl lon cds lvt pts flu qom sra rht ntt soc the gis cha hex stp sqp mog "
        "crb qtz rna bnn dmp gar hms hst mot une sxd xww fsc fsg alb cpi eta etb etc utp bto fes "
        "fxt htb ume ssa ssb lcv lcy lcs ins bbf bbr bod fog muo toc nia unj coi fit stj"
    )
    missing = set(common.split(" ")) - set(net_names())
    assert not missing


@pytest.mark.parametrize(
    ("code", "symbol"),
    [("ABW", "sra"), ("ACO", "pcb"), ("ATS", "rad"), ("BCT", "crb"), ("NPT", "fuv")],
)
def test_zeolites_have_the_keys_of_their_nets(code: str, symbol: str) -> None:
    """The coincidences whose symbols are not their codes, as AuToGraFS 3.2 lists them too."""
    assert names_of_key(net_named(code).key) == (symbol, code)


def test_no_two_nets_of_the_rcsr_share_a_key() -> None:
    keys = {name: net_named(name).key for name in net_names() if not name.isupper()}
    assert len(set(keys.values())) == len(keys) > 2600


def test_degrees_are_those_of_the_symbols() -> None:
    wanted = {"csq": {4, 8}, "ftw": {4, 12}, "tbo": {3, 4}, "spn": {3, 6}, "rht": {3, 24}}
    for name, degrees in wanted.items():
        assert set(net_named(name).net.degrees().tolist()) == degrees, name


def test_embeddings_have_edges_of_one_length_where_one_kind_exists() -> None:
    for name in ("dia", "pcu", "fcu", "bcu", "nbo", "sod", "srs", "hcb", "kgm", "acs", "reo"):
        lengths = np.linalg.norm(net_named(name).edge_vectors, axis=1)
        # Places are kept to a ten-thousandth of the cell.
        np.testing.assert_allclose(lengths, 1.0, atol=2e-3)
