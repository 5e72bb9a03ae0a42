"""Crystals kept beside a network."""

from __future__ import annotations

import pickle
from copy import copy, deepcopy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.optim.swa_utils import AveragedModel  # noqa: E402

from porescope.models.property.config import SitesConfig, gas_settings  # noqa: E402
from porescope.models.property.known import Known  # noqa: E402
from porescope.models.property.network import SitesNetwork  # noqa: E402
from porescope.models.property.places import PlacePool  # noqa: E402
from porescope.models.property.quotient import quotient_of  # noqa: E402
from property_toys import some_frameworks  # noqa: E402


def test_the_first_goes_when_another_comes() -> None:
    quotient = quotient_of(some_frameworks(1)[0])
    pool = PlacePool(cart=np.zeros((1, 3)), weight=np.ones(1))
    known = Known(2)
    for key in (b"a", b"b", b"c"):
        known.keep(key, (quotient, pool))
    assert len(known) == 2
    assert known.get(b"a") is None
    assert known.get(b"c") == (quotient, pool)
    for made in (copy(known), deepcopy(known), pickle.loads(pickle.dumps(known))):
        assert len(made) == 0
        assert made.most == 2


def test_no_copy_of_a_network_and_no_state_has_them() -> None:
    settings = gas_settings(width=8, channels=4, pairs=4, n_points=8, n_points_predict=16)
    model = SitesNetwork(SitesConfig(**settings)).eval()
    crystal = some_frameworks(1)[0]
    names = set(model.state_dict())
    batch = model.prepare(crystal)
    assert len(model.known) == 1
    assert set(model.state_dict()) == names
    average = AveragedModel(model).module
    assert isinstance(average, SitesNetwork)
    assert len(average.known) == 0
    again = average.prepare(crystal)
    assert torch.equal(batch.probes.place, again.probes.place)
    assert len(average.known) == 1
    assert average.known is not model.known
