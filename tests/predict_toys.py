"""Small structures, and weights that were never trained, for predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SODALITE = """data_sodalite
_symmetry_space_group_name_H-M 'I m -3 m'
_cell_length_a 8.965
_cell_length_b 8.965
_cell_length_c 8.965
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
T1 Si 0.25 0.5 0.0 1.0
O1 O 0.3513 0.3513 0.0 {occupancy}
"""
"""Sodalite's net in silica; coordinates of the framework SOD, https://www.iza-structure.org."""


def sodalite_file(folder: Path, *, name: str = "sodalite.cif", occupancy: float = 1.0) -> Path:
    """A CIF of sodalite, disordered where the occupancy is below 1."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(SODALITE.format(occupancy=occupancy), encoding="utf-8")
    return path


def points_settings(**changed: Any) -> dict[str, Any]:
    """A small network that reads points."""
    from porescope.models.property.config import gas_settings

    small = {"width": 16, "channels": 4, "n_radial": 4, "pairs": 4, "dropout": 0.0}
    return gas_settings() | small | {"n_points_predict": 64} | changed


def atoms_settings(**changed: Any) -> dict[str, Any]:
    """A small network that reads atoms."""
    small = {"width": 16, "channels": 4, "n_radial": 4, "pairs": 4, "window": 5.0}
    return small | {"cutoffs": (3.0,)} | changed


def weights_file(
    path: Path,
    *,
    preset: str = "sites",
    settings: dict[str, Any] | None = None,
    targets: tuple[tuple[str, str], ...] = (("uptake_mol_per_kg", "mol/kg"),),
    seed: int = 0,
    metrics: dict[str, float] | None = None,
) -> Path:
    """A checkpoint with random weights, its values of order one."""
    import torch

    from porescope.models.checkpoint import Card, write_checkpoint
    from porescope.models.registry import build_model, config_from_dict, preset_named

    known = preset_named(preset)
    made = points_settings() if settings is None else settings
    made = {"n_targets": len(targets), **made} if targets else made
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build_model(known, config=config_from_dict(known, made))
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.data.add_(0.3 * torch.randn_like(parameter))
    if targets:
        n = len(targets)
        model.set_scale(shift=torch.full((n,), 3.0), scale=torch.full((n,), 2.0))
    card = Card(
        preset=preset,
        preset_version=known.version,
        config=made,
        package_version="0",
        data_hash=f"toy {seed}",
        split="toy",
        metrics=metrics or {},
        licence="none",
        hardware="none",
        created="2026-01-01",
        training={
            "targets": ", ".join(name for name, _ in targets),
            "units": ", ".join(unit for _, unit in targets),
        },
    )
    return write_checkpoint(path, model.state_dict(), card=card)
