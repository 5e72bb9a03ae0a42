"""Crystals as CIF text."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import gemmi
import numpy as np

from porescope.crystal.operations import operation_text
from porescope.crystal.space_group import tabulated_symbol
from porescope.crystal.structure import Crystal

_TENSOR = ((0, 0, "11"), (1, 1, "22"), (2, 2, "33"), (0, 1, "12"), (0, 2, "13"), (1, 2, "23"))


def cif_text(crystal: Crystal) -> str:
    """A crystal as CIF: the asymmetric unit and the operations, where symmetry is known.

    Parameters
    ----------
    crystal:
        A structure. Values that are unknown (NaN) become ``?``.

    Returns
    -------
    :
        Text that :func:`porescope.io.cif.read_cif` reads back as the same crystal.
    """
    parts = [f"data_{_block_name(crystal.name)}"]
    parts += _cell_lines(crystal)
    parts += _symmetry_lines(crystal)
    unit = crystal.asymmetric_unit()
    labels = _labels(crystal, unit.atoms.tolist())
    parts += _site_lines(crystal, unit.atoms.tolist(), unit.multiplicity.tolist(), labels)
    parts += _tensor_lines(crystal, unit.atoms.tolist(), labels)
    return "\n".join(parts) + "\n"


def write_cif(crystal: Crystal, path: str | Path) -> None:
    """Write a crystal to a CIF; the file is there whole or not at all.

    Parameters
    ----------
    crystal:
        A structure.
    path:
        The file; one that exists is replaced.

    Raises
    ------
    OSError
        Where the file cannot be written; an existing one is untouched then.
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(
        prefix=f".{path.name[:60]}.", suffix=".part", dir=path.parent
    )
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(cif_text(crystal))
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _block_name(name: str) -> str:
    """A name without the characters that end a CIF word."""
    return re.sub(r"[^!-~]+", "_", name).strip("_")[:70] or "crystal"


def _cell_lines(crystal: Crystal) -> list[str]:
    a, b, c, alpha, beta, gamma = (_number(value, 8) for value in crystal.parameters.tolist())
    return [
        "_audit_creation_method 'porescope'",
        f"_chemical_formula_sum '{_spaced(crystal.formula)}'",
        f"_cell_length_a {a}",
        f"_cell_length_b {b}",
        f"_cell_length_c {c}",
        f"_cell_angle_alpha {alpha}",
        f"_cell_angle_beta {beta}",
        f"_cell_angle_gamma {gamma}",
        f"_cell_volume {_number(crystal.volume, 4)}",
    ]


def _spaced(formula: str) -> str:
    return re.sub(r"(?<=[a-z0-9A-Z])(?=[A-Z])", " ", formula)


def _number(value: float, digits: int) -> str:
    if not np.isfinite(value):
        return "?"
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _symmetry_lines(crystal: Crystal) -> list[str]:
    group = crystal.space_group
    lines = []
    # The type's symbol beside operations of another setting would mislead other programs.
    symbol = tabulated_symbol(group)
    if symbol is not None:
        tabulated = gemmi.SpaceGroup(symbol)
        lines += [
            f"_space_group_name_H-M_alt '{symbol}'",
            f"_space_group_name_Hall '{tabulated.hall}'",
            f"_space_group_IT_number {tabulated.number}",
        ]
    lines += ["loop_", "_space_group_symop_operation_xyz"]
    for rotation, translation in zip(group.rotations, group.translations, strict=True):
        lines.append(f"'{operation_text(rotation, translation=translation)}'")
    return lines


def _symbol(crystal: Crystal, atom: int) -> str:
    if crystal.isotopes is not None and crystal.numbers[atom] == 1:
        return {2: "D", 3: "T"}.get(int(crystal.isotopes[atom]), "H")
    return gemmi.Element(int(crystal.numbers[atom])).name


def _labels(crystal: Crystal, atoms: list[int]) -> list[str]:
    """Site labels, each once: the crystal's own, or element and number."""
    own = [crystal.labels[atom] for atom in atoms] if crystal.labels else []
    plain = [re.fullmatch(r"[A-Za-z][!-&(-~]*", label) is not None for label in own]
    if own and all(plain) and len(set(own)) == len(own):
        return own
    return [f"{_symbol(crystal, atom)}{i + 1}" for i, atom in enumerate(atoms)]


def _site_lines(
    crystal: Crystal, atoms: list[int], multiplicity: list[int], labels: list[str]
) -> list[str]:
    with_u = bool(np.any(np.isfinite(crystal.u_iso)))
    columns = ["label", "type_symbol", "symmetry_multiplicity", "fract_x", "fract_y", "fract_z"]
    columns += ["occupancy"]
    columns += ["U_iso_or_equiv"] if with_u else []
    columns += ["charge"] if crystal.charges is not None else []
    lines = ["loop_", *(f"_atom_site_{column}" for column in columns)]
    for i, atom in enumerate(atoms):
        row = [labels[i], _symbol(crystal, atom), str(multiplicity[i])]
        row += [_number(value, 8) for value in crystal.frac[atom].tolist()]
        row += [_number(float(crystal.occupancy[atom]), 6)]
        row += [_number(float(crystal.u_iso[atom]), 6)] if with_u else []
        row += [] if crystal.charges is None else [_number(float(crystal.charges[atom]), 6)]
        lines.append(" ".join(row))
    return lines


def _tensor_lines(crystal: Crystal, atoms: list[int], labels: list[str]) -> list[str]:
    if crystal.u_aniso is None or not np.any(np.isfinite(crystal.u_aniso)):
        return []
    lines = ["loop_", "_atom_site_aniso_label"]
    lines += [f"_atom_site_aniso_U_{key}" for _, _, key in _TENSOR]
    for label, atom in zip(labels, atoms, strict=True):
        tensor = crystal.u_aniso[atom]
        if np.all(np.isfinite(tensor)):
            lines.append(" ".join([label, *(_number(tensor[i, j], 6) for i, j, _ in _TENSOR)]))
    return lines
