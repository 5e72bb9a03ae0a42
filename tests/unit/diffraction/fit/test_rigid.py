"""Rigid groups: geometry, symmetry, and derivatives of the structure factors."""

from __future__ import annotations

import numpy as np
import pytest

from porescope.crystal.lattice import lattice_from_parameters
from porescope.crystal.space_group import P1, space_group_from_symbol
from porescope.crystal.structure import Crystal
from porescope.diffraction.fit.rigid import (
    RigidGroup,
    Torsion,
    f_squared_of_poses,
    group_coordinates,
    place_groups,
    rigid_group,
)
from porescope.diffraction.radiation import Radiation
from porescope.diffraction.structure_factors import f_squared
from porescope.errors import ConfigError

XRAY = Radiation(wavelengths=(1.5406,))
HKL = np.array([[1, 0, 0], [0, 1, 1], [2, -1, 0], [1, 1, 3], [0, 0, 4], [3, 2, -1]])


def crystal_of(symbol: str) -> Crystal:
    """Six atoms in a chain and a heavy one, expanded by a space group."""
    group = space_group_from_symbol(symbol) if symbol != "P 1" else P1
    lattice = lattice_from_parameters(9.0, 10.0, 11.0, 90.0, 104.0, 90.0)
    chain = np.array(
        [[0.0, 0, 0], [1.4, 0, 0], [2.1, 1.2, 0], [3.5, 1.3, 0.3], [4.1, 0.1, 0.5], [4.0, 2.4, 1.2]]
    )
    start = (chain + np.array([1.0, 2.0, 1.7])) @ np.linalg.inv(lattice)
    start = np.concatenate([start, [[0.31, 0.11, 0.77]]])
    numbers = np.array([6, 6, 7, 6, 8, 6, 30])
    frac, atomic, orbit = [], [], []
    for index, (x, z) in enumerate(zip(start, numbers, strict=True)):
        for rotation, translation in zip(group.rotations, group.translations, strict=True):
            frac.append((rotation @ x + translation) % 1.0)
            atomic.append(z)
            orbit.append(index)
    n = len(frac)
    return Crystal(
        lattice=lattice,
        frac=np.array(frac),
        numbers=np.array(atomic),
        occupancy=np.ones(n),
        u_iso=np.full(n, 0.02),
        space_group=group,
        orbit=np.array(orbit),
    )


def chain_group(crystal: Crystal) -> tuple[RigidGroup, np.ndarray]:
    """The chain with two torsions, the nearer one first."""
    per_orbit = crystal.space_group.n_ops
    torsions = (
        Torsion(axis=(1, 2), moves=np.array([3, 4, 5])),
        Torsion(axis=(2, 3), moves=np.array([4, 5])),
    )
    return rigid_group(crystal, np.arange(6) * per_orbit, torsions=torsions)


POSE = np.array([0.2, -0.3, 0.15, 0.4, -0.2, 0.7, 0.5, -0.8])


@pytest.mark.parametrize("symbol", ["P 1", "P 1 21/c 1"])
def test_start_pose_is_the_crystal(symbol: str) -> None:
    crystal = crystal_of(symbol)
    group, pose = chain_group(crystal)
    placed = place_groups(crystal, (group,), (pose,))
    gap = placed.frac - crystal.frac
    np.testing.assert_allclose(gap - np.rint(gap), 0.0, atol=1e-12)


def test_bonds_keep_their_lengths() -> None:
    crystal = crystal_of("P 1")
    group, pose = chain_group(crystal)
    cart, _ = group_coordinates(group, pose + POSE)
    before = np.linalg.norm(np.diff(group.local[:5], axis=0), axis=1)
    np.testing.assert_allclose(np.linalg.norm(np.diff(cart[:5], axis=0), axis=1), before)


def test_slopes_of_coordinates() -> None:
    crystal = crystal_of("P 1")
    group, pose = chain_group(crystal)
    pose = pose + POSE
    _, slopes = group_coordinates(group, pose)
    for j in range(len(pose)):
        step = np.zeros(len(pose))
        step[j] = 1e-6
        ahead, _ = group_coordinates(group, pose + step)
        behind, _ = group_coordinates(group, pose - step)
        np.testing.assert_allclose(slopes[j], (ahead - behind) / 2e-6, atol=1e-7)


@pytest.mark.parametrize("symbol", ["P 1", "P 1 21/c 1"])
def test_structure_factors_and_their_slopes(symbol: str) -> None:
    crystal = crystal_of(symbol)
    group, pose = chain_group(crystal)
    pose = pose + POSE
    value, slopes = f_squared_of_poses(crystal, (group,), (pose,), hkl=HKL, radiation=XRAY)
    placed = place_groups(crystal, (group,), (pose,))
    np.testing.assert_allclose(value, f_squared(placed, HKL, radiation=XRAY), rtol=1e-9, atol=1e-9)
    for j in range(len(pose)):
        step = np.zeros(len(pose))
        step[j] = 1e-6
        ahead, _ = f_squared_of_poses(crystal, (group,), (pose + step,), hkl=HKL, radiation=XRAY)
        behind, _ = f_squared_of_poses(crystal, (group,), (pose - step,), hkl=HKL, radiation=XRAY)
        np.testing.assert_allclose(slopes[j], (ahead - behind) / 2e-6, rtol=1e-4, atol=1e-3)


def test_rotating_the_whole_cell_content_about_a_twofold_changes_nothing() -> None:
    """|F(h)|² of a group turned by 180° about b is |F| of the rotated index."""
    crystal = crystal_of("P 1")
    only = Crystal(
        lattice=crystal.lattice, frac=crystal.frac[:6], numbers=crystal.numbers[:6],
        occupancy=crystal.occupancy[:6], u_iso=crystal.u_iso[:6],
    )  # fmt: skip
    group, pose = rigid_group(only, np.arange(6))
    turned = pose + np.array([0.0, 0.0, 0.0, 0.0, np.pi, 0.0])
    there, _ = f_squared_of_poses(only, (group,), (turned,), hkl=HKL, radiation=XRAY)
    back, _ = f_squared_of_poses(
        only, (group,), (pose,), hkl=HKL * np.array([-1, 1, -1]), radiation=XRAY
    )
    np.testing.assert_allclose(there, back, rtol=1e-9, atol=1e-9)


def test_special_positions_and_wrong_orders_are_refused() -> None:
    crystal = crystal_of("P 1")
    special = Crystal(
        lattice=crystal.lattice, frac=np.zeros((1, 3)), numbers=np.array([30]),
        occupancy=np.ones(1), u_iso=np.zeros(1),
        space_group=space_group_from_symbol("P -1"), orbit=np.array([0]),
    )  # fmt: skip
    with pytest.raises(ConfigError, match="special position"):
        rigid_group(special, np.array([0]))
    torsions = (
        Torsion(axis=(2, 3), moves=np.array([4, 5])),
        Torsion(axis=(1, 2), moves=np.array([3, 4, 5])),
    )
    group, pose = rigid_group(crystal, np.arange(6), torsions=torsions)
    with pytest.raises(ConfigError, match="outwards"):
        group_coordinates(group, pose)
    with pytest.raises(ConfigError, match="pose needs 8"):
        group_coordinates(group, pose[:-1])
