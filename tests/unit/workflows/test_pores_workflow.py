import pytest

from pore_crystals import simple_cubic
from porescope.adsorption.zeo import ZeoPool
from porescope.errors import ConfigError, ConvergenceError
from porescope.workflows.pores import geometry_row, pore_geometry


class Dead(ZeoPool):
    """A child that never answers."""

    def __init__(self):
        self._child = None

    def ask(self, job, *, time_limit):
        raise ConvergenceError("Zeo++ ended its process without a result")


def test_where_zeo_fails_the_grid_measures_and_says_so():
    found = pore_geometry(simple_cubic(5.0), probe_radius=0.5, engine="zeo++", pool=Dead())
    assert found.engine == "grid"
    assert found.status == "grid instead of Zeo++"
    assert "ended its process" in found.warnings[0]
    row = geometry_row(found)
    assert row["pore_status"] == "grid instead of Zeo++"
    assert row["pld_angstrom"] == pytest.approx(5.0 * 2**0.5 - 2.8, abs=0.01)


def test_an_unknown_engine_is_refused():
    with pytest.raises(ConfigError, match="engine"):
        pore_geometry(simple_cubic(5.0), engine="zeo")
