"""Rods: nodes that go on without end, as the finite unit that repeats."""

from __future__ import annotations

import numpy as np

from porescope.reticular.nodes.building import (
    CARBON_CARBON,
    CARBOXYLATE_HEIGHT,
    CARBOXYLATE_OO,
    OXYGEN_HYDROGEN,
    Parts,
)

_X, _Y, _Z = np.eye(3)


def corner_rod(
    metal: str,
    *,
    pitch: float,
    metal_hydroxide: float,
    metal_oxygen: float,
    hydroxide: bool = True,
) -> Parts:
    """Octahedra that share trans corners, bridged by carboxylates, as in MIL-53 and MIL-47.

    The rod runs along x with two metals in its repeat of twice the pitch. The six bonds between a
    unit and the next are ports on both sides; those of one bond point at one another.

    Parameters
    ----------
    metal:
        Element.
    pitch:
        Distance of neighbouring metals [Å].
    metal_hydroxide, metal_oxygen:
        Lengths to the shared corners and to the carboxylates [Å].
    hydroxide:
        Whether the corners bear hydrogen.
    """
    parts = Parts()
    metals = [parts.add(metal, np.zeros(3)), parts.add(metal, pitch * _X)]
    repeat = 2.0 * pitch * _X
    height = np.sqrt(metal_hydroxide**2 - 0.25 * pitch**2)
    sine = 0.5 * (pitch - CARBOXYLATE_OO) * metal_hydroxide / (height * metal_oxygen)
    cosine = np.sqrt(1.0 - sine**2)
    for step, sign in ((0, 1.0), (1, -1.0)):
        start = step * pitch * _X
        crossing = step == 1
        corner = start + 0.5 * pitch * _X + sign * height * _Z
        near = [metals[step]] if crossing else metals
        oxygen = parts.add("O", corner, bonded=near)
        if hydroxide:
            parts.add("H", corner + sign * OXYGEN_HYDROGEN * _Z, bonded=[oxygen])
        if crossing:
            parts.port(oxygen, repeat - corner)
            parts.port(metals[0], corner - repeat)
        for side in (1.0, -1.0):
            out = side * cosine * _Y - sign * sine * (0.5 * pitch / metal_hydroxide) * _Z
            base = start + 0.5 * pitch * _X + metal_oxygen * out
            first = parts.add("O", base - 0.5 * CARBOXYLATE_OO * _X, bonded=[metals[step]])
            second = parts.add(
                "O", base + 0.5 * CARBOXYLATE_OO * _X, bonded=[] if crossing else [metals[1]]
            )
            if crossing:
                parts.port(second, repeat - parts.positions[second])
                parts.port(metals[0], parts.positions[second] - repeat)
            away = out / np.linalg.norm(out)
            carbon = parts.add("C", base + CARBOXYLATE_HEIGHT * away, bonded=[first, second])
            parts.port(carbon, CARBON_CARBON * away)
    return parts
