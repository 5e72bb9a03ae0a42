"""Jobs from a framework and its gases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from porescope.adsorption.framework import Framework
from porescope.adsorption.gas import Bead, Gas
from porescope.adsorption.gcmc.job import GcmcJob, JobComponent, JobFramework, JobSite
from porescope.adsorption.gcmc.parameters import check_guest_pairs, own_parameters
from porescope.adsorption.gcmc.supercell import perpendicular_widths, repeats_for_cutoff
from porescope.crystal.lattice import parameters_from_lattice
from porescope.errors import ConfigError

Spheres = Sequence[tuple[float, float, float, float]]


def job_from_framework(
    framework: Framework,
    *,
    gases: Sequence[Gas],
    repeats: tuple[int, int, int] | None = None,
    blocked: Spheres | Mapping[str, Spheres] = (),
) -> GcmcJob:
    """Describe the box of a framework with gases for the engine.

    Parameters
    ----------
    framework:
        Framework with its force field and charges.
    gases:
        Rigid molecules.
    repeats:
        Cells along a, b and c; by default as few as the cutoff allows.
    blocked:
        Spheres that no molecule may enter, as fractional centre and radius [Å]; or such spheres
        by the name of the gas.

    Raises
    ------
    ConfigError
        A gas is flexible or has no name of its own, the box is narrower than twice the cutoff, or
        the field has pair parameters that the engine cannot take.
    """
    crystal, field = framework.crystal, framework.field
    _check_gases(gases)
    chosen = _checked_repeats(crystal.lattice, cutoff=field.cutoff, repeats=repeats)
    beads = tuple(bead for gas in gases for bead in gas.beads)
    check_guest_pairs(field, beads=beads)
    sites, components = _gas_sites(gases, blocked)
    row_of: dict[int, int] = {}
    for row in sorted(set(framework.type_index.tolist())):
        kind = field.types[row]
        epsilon, sigma = own_parameters(
            field, name=kind.name, epsilon_k=kind.epsilon_k, sigma=kind.sigma, beads=beads
        )
        row_of[row] = len(sites)
        sites.append(
            JobSite(
                name=f"f{len(row_of) - 1}",
                label=kind.name,
                is_framework=True,
                number=kind.number,
                mass=_mass_of(framework, row),
                charge=0.0,
                epsilon_k=epsilon,
                sigma=sigma,
            )
        )
    return GcmcJob(
        cell=_six(parameters_from_lattice(crystal.lattice)),
        repeats=chosen,
        framework=JobFramework(
            name=crystal.name or "framework",
            frac=_triples(np.mod(crystal.frac, 1.0)),
            sites=tuple(row_of[row] for row in framework.type_index.tolist()),
            charges=tuple(float(q) for q in framework.charges),
        ),
        sites=tuple(sites),
        mixing=field.mixing,
        cutoff=field.cutoff,
        shifted=field.truncation == "shifted",
        tail_correction=field.tail_correction,
        charged=any(gas.is_charged for gas in gases),
        components=components,
    )


def wanted_pairs(framework: Framework, gases: Sequence[Gas]) -> Float[np.ndarray, "kinds beads 2"]:
    """Epsilon [K] and sigma [Å] of framework kinds with gas kinds, straight from the field.

    Rows and columns are in the order of the kinds of :func:`job_from_framework`.
    """
    beads = list(dict.fromkeys(bead for gas in gases for bead in gas.beads))
    kinds = [framework.field.types[row] for row in sorted(set(framework.type_index.tolist()))]
    return np.array(
        [
            [
                framework.field.mixed(
                    (kind.name, kind.epsilon_k, kind.sigma), (b.type, b.epsilon_k, b.sigma)
                )
                for b in beads
            ]
            for kind in kinds
        ]
    )


def job_of_empty_box(edge: float, *, gases: Sequence[Gas], cutoff: float = 12.0) -> GcmcJob:
    """A cube without a framework, truncated pair energies, no tail correction.

    Parameters
    ----------
    edge:
        Edge of the cube [Å].
    gases:
        Rigid molecules.
    cutoff:
        Cutoff of the pair energies [Å].
    """
    _check_gases(gases)
    _checked_repeats(np.eye(3) * edge, cutoff=cutoff, repeats=(1, 1, 1))
    sites, components = _gas_sites(gases, ())
    return GcmcJob(
        cell=(edge, edge, edge, 90.0, 90.0, 90.0),
        repeats=(1, 1, 1),
        framework=None,
        sites=tuple(sites),
        mixing="lorentz-berthelot",
        cutoff=cutoff,
        shifted=False,
        tail_correction=False,
        charged=any(gas.is_charged for gas in gases),
        components=components,
    )


def _check_gases(gases: Sequence[Gas]) -> None:
    if not gases:
        raise ConfigError("expected at least one gas, got none")
    for gas in gases:
        if gas.is_flexible:
            raise ConfigError(
                f"{gas.name} is a flexible molecule, and grand canonical runs here take rigid ones "
                "only; its Henry coefficient can be had by insertion, or run the program raspa3"
            )
    names = [gas.name for gas in gases]
    if len(set(names)) < len(names):
        raise ConfigError(f"expected different gases, got {', '.join(names)}")


def _checked_repeats(
    lattice: np.ndarray, *, cutoff: float, repeats: tuple[int, int, int] | None
) -> tuple[int, int, int]:
    if repeats is None:
        return repeats_for_cutoff(lattice, cutoff=cutoff)
    widths = perpendicular_widths(lattice) * np.array(repeats)
    if np.any(widths < 2.0 * cutoff - 1e-6):
        shown = " x ".join(f"{width:.2f}" for width in widths)
        raise ConfigError(
            f"the box of {'x'.join(map(str, repeats))} cells is {shown} Å wide, less than twice "
            f"the cutoff of {cutoff:g} Å; ask for more cells"
        )
    return repeats


def _gas_sites(
    gases: Sequence[Gas], blocked: Spheres | Mapping[str, Spheres]
) -> tuple[list[JobSite], tuple[JobComponent, ...]]:
    sites: list[JobSite] = []
    known: dict[Bead, int] = {}
    components = []
    for gas in gases:
        for bead in gas.beads:
            if bead not in known:
                known[bead] = len(sites)
                sites.append(
                    JobSite(
                        name=f"g{len(sites)}",
                        label=bead.type,
                        is_framework=False,
                        number=bead.number,
                        mass=bead.mass,
                        charge=bead.charge,
                        epsilon_k=bead.epsilon_k,
                        sigma=bead.sigma if bead.epsilon_k > 0.0 else 1.0,
                    )
                )
        spheres = blocked.get(gas.name, ()) if isinstance(blocked, Mapping) else blocked
        components.append(
            JobComponent(
                name=gas.name,
                sites=tuple(known[bead] for bead in gas.beads),
                positions=_triples(gas.positions),
                critical_temperature=gas.critical_temperature,
                critical_pressure_pa=gas.critical_pressure_pa,
                acentric_factor=gas.acentric_factor,
                blocked=tuple((float(x), float(y), float(z), float(r)) for x, y, z, r in spheres),
            )
        )
    return sites, tuple(components)


def _mass_of(framework: Framework, row: int) -> float:
    """Mass of the atoms of one type [g/mol], from the crystal's own masses."""
    import gemmi

    return float(gemmi.Element(framework.field.types[row].number).weight)


def _triples(values: np.ndarray) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(x), float(y), float(z)) for x, y, z in values)


def _six(values: np.ndarray) -> tuple[float, float, float, float, float, float]:
    a, b, c, alpha, beta, gamma = (float(value) for value in values)
    return a, b, c, alpha, beta, gamma
