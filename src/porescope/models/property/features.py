"""What the preset ``sites`` starts from: elements by their place in the table, energies in bins."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from porescope.units import BOLTZMANN_EV

N_NUMBERS = 119
"""Length of a table by atomic number."""
N_GROUPS, N_PERIODS = 20, 8
"""Length of tables by group (19 for lanthanides and actinides) and by period."""
_NOBLE = (0, 2, 10, 18, 36, 54, 86, 118)
_ENERGY_MARKS_K = tuple(range(-4500, 1001, 250))  # [K] marks of the soft bins of energy
_SLOPE_MARKS = tuple(np.linspace(4.0, 11.0, 9).tolist())  # ln(1 + slope in K/Å)
N_ENERGY_FEATURES = len(_ENERGY_MARKS_K) + len(_SLOPE_MARKS) + 5
"""Numbers that stand for energy and slope at a point."""


@cache
def groups_and_periods() -> tuple[Int[np.ndarray, "numbers"], Int[np.ndarray, "numbers"]]:
    """Group (1 to 18, 19 for the f block) and period of each atomic number; 0 for none."""
    group, period = np.zeros(N_NUMBERS, dtype=np.int64), np.zeros(N_NUMBERS, dtype=np.int64)
    for row in range(1, N_PERIODS):
        length = _NOBLE[row] - _NOBLE[row - 1]
        for column in range(1, length + 1):
            number = _NOBLE[row - 1] + column
            period[number] = row
            from_end = column - length + 18
            if column <= 2 and (length > 2 or column == 1):
                group[number] = column
            elif length < 32 or column >= 17:
                group[number] = from_end
            else:
                group[number] = 19
    return group, period


class Elements(nn.Module):
    """Features of an atom from its element alone: number, group and period each have a say.

    A rare element thereby starts from what its group and its period have taught.

    Parameters
    ----------
    width:
        Number of features.
    """

    group: Tensor
    period: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        group, period = groups_and_periods()
        self.register_buffer("group", torch.from_numpy(group), persistent=False)
        self.register_buffer("period", torch.from_numpy(period), persistent=False)
        self.tables = nn.ModuleList(nn.Embedding(n, width) for n in (N_NUMBERS, 20, 8))
        for table in self.tables:
            assert isinstance(table, nn.Embedding)
            nn.init.normal_(table.weight, std=0.5)

    def forward(self, numbers: Int[Tensor, "atoms"]) -> Float[Tensor, "atoms width"]:
        """Features of atoms."""
        by_number, by_group, by_period = self.tables
        return by_number(numbers) + by_group(self.group[numbers]) + by_period(self.period[numbers])


def energy_features(
    energy: Float[Tensor, "points"], gradient: Float[Tensor, "points 3"], *, cap_k: float
) -> Float[Tensor, "points features"]:
    """Soft bins of energy and of slope, and Boltzmann factors at several temperatures.

    Parameters
    ----------
    energy:
        Energy of the probe [eV].
    gradient:
        Its gradient [eV/Å].
    cap_k:
        Largest energy [K].
    """
    kelvin = energy / BOLTZMANN_EV
    marks = kelvin.new_tensor(_ENERGY_MARKS_K)
    soft = torch.exp(-0.5 * ((kelvin[:, None] - marks) / 250.0) ** 2)
    slope = torch.log1p(gradient.norm(dim=1) / BOLTZMANN_EV)
    steps = slope.new_tensor(_SLOPE_MARKS)
    steep = torch.exp(-0.5 * ((slope[:, None] - steps) / (steps[1] - steps[0])) ** 2)
    bound = [torch.tanh(torch.expm1((-kelvin / t).clamp(max=8.0)) / 8.0) for t in (600, 300, 150)]
    linear = [(kelvin / 1000.0).clamp(-6.0, 2.0), (kelvin / cap_k).clamp(-1.0, 1.0)]
    return torch.cat((soft, steep, torch.stack((*bound, *linear), dim=1)), dim=1)


def openness(energy: Float[Tensor, "points"], *, cap_k: float) -> Float[Tensor, "points"]:
    """1 where the probe fits, falling smoothly to 0 at the largest energy.

    Parameters
    ----------
    energy:
        Energy of the probe [eV].
    cap_k:
        Energy from which on a point is closed [K].
    """
    part = ((energy / BOLTZMANN_EV - 0.25 * cap_k) / (0.75 * cap_k)).clamp(0.0, 1.0)
    return 0.5 * (1.0 + torch.cos(torch.pi * part))
