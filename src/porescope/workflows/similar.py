"""The frameworks of the library that are nearest to a crystal or to a measured pattern."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import gemmi
import numpy as np
from jaxtyping import Bool, Float

import porescope
from porescope.crystal.structure import Crystal
from porescope.datasets.cards import PowderCard
from porescope.datasets.library import Library
from porescope.diffraction.pattern import Pattern
from porescope.diffraction.prepare import PreparedPattern, prepare_pattern
from porescope.diffraction.search import ReflectionTable, search_cards
from porescope.errors import ConfigError, ParseError
from porescope.io.cif import read_cif
from porescope.models.checkpoint import read_card
from porescope.models.registry import network_class, preset_named
from porescope.models.shipped import DEFAULT, weights_file
from porescope.workflows.candidate_fits import fit_task
from porescope.workflows.identify import peaks_within
from porescope.workflows.library_space import LibrarySpace, open_space
from porescope.workflows.measured import measured_pattern
from porescope.workflows.retrieval import Neighbour, RetrievalIndex
from porescope.workflows.retrieval_inputs import is_known, known_part
from porescope.workflows.similar_result import (
    Attention,
    SimilarConfig,
    SimilarFramework,
    SimilarResult,
)
from porescope.workflows.solve import (
    SolveConfig,
    describe_radiation,
    element_rule,
    told_elements,
)

Progress = Callable[[str, float], None]
"""Called with what is being done and the share that is finished, 0 to 1."""
CIF_SUFFIXES = (".cif", ".mcif")
"""Files that may hold a crystal; all others are read as patterns."""
FEW_PEAKS = 6
"""With fewer peaks than this the answer says that they fit many frameworks."""


def similar_frameworks(
    source: str | Path | Pattern | Crystal,
    *,
    config: SimilarConfig | None = None,
    library: Library | None = None,
    weights: str | Path = DEFAULT,
    contents: str | Path | None = None,
    space: LibrarySpace | None = None,
    progress: Progress | None = None,
) -> SimilarResult:
    """List the frameworks of a library that are nearest to a crystal or a pattern.

    Parameters
    ----------
    source:
        A CIF, a file that an instrument wrote, a crystal, or a pattern.
    config:
        What is known, and how many are wanted.
    library:
        The library; by default the shipped cards and the user's own.
    weights:
        Name of shipped weights, or a checkpoint.
    contents:
        Store of atoms and beads, for presets that read them; only what is in it is compared.
    space:
        The library in the learned space, where it is open already.
    progress:
        Called with what is being done; the first use of a library embeds it, which is kept.

    Raises
    ------
    ParseError
        Where the file holds neither a crystal nor a pattern.
    ConfigError
        Where the pattern has no peaks, the wavelength is not known, an element is none, no card
        has the elements, or there are no such weights.
    """
    config = config or SimilarConfig()
    tell = progress or (lambda stage, share: None)
    started = time.perf_counter()
    tell("reading", 0.0)
    query = read_query(source, config=config)
    warnings = _warnings(query)
    if isinstance(query, Crystal):
        query = known_part(query)
    opened = Library.open() if library is None else library
    try:
        if space is None:
            space = _opened(opened, weights, contents=contents, progress=tell)
        allowed = allowed_cards(opened, space.index, config=config)
        tell("comparing", 1.0)
        embedding, attend = _embedded(query, space, config=config)
        near = space.index.nearest(embedding, n=config.n, allowed=allowed)
        cards = opened.cards([hit.number for hit in near])
    finally:
        if library is None:
            opened.close()
    prepared = None if isinstance(query, Crystal) else query
    matches = [None] * len(near) if prepared is None else line_matches(cards, prepared)
    return SimilarResult(
        kind="crystal" if prepared is None else "pattern",
        name=query.name if isinstance(query, Crystal) else query.pattern.name,
        frameworks=tuple(_rows(near, cards, matches)),
        embedding=embedding,
        prepared=prepared,
        space=space,
        n_searched=len(space.index) if allowed is None else int(allowed.sum()),
        warnings=warnings,
        attention=attend(near[0].row) if near and attend is not None else None,
        settings=_settings(config, space=space, prepared=prepared),
        seconds=time.perf_counter() - started,
        version=porescope.__version__,
    )


def read_query(
    source: str | Path | Pattern | Crystal, *, config: SimilarConfig
) -> Crystal | PreparedPattern:
    """A crystal, or a pattern with its peaks.

    A CIF is read as a crystal, and as a pattern where it holds none or the pattern is asked for.

    Parameters
    ----------
    source:
        A file, a crystal or a pattern.
    config:
        Radiation and range.
    """
    if isinstance(source, (str, Path)) and _is_cif(source) and not config.as_pattern:
        try:
            source = read_cif(source)
        except ParseError as no_crystal:
            try:
                return _prepared(source, config=config)
            except ParseError:
                raise no_crystal from None
    if isinstance(source, Crystal):
        return source
    return _prepared(source, config=config)


def _is_cif(source: str | Path) -> bool:
    return Path(source).suffix.lower() in CIF_SUFFIXES


def _prepared(source: str | Path | Pattern, *, config: SimilarConfig) -> PreparedPattern:
    """The pattern with its peaks."""
    pattern = measured_pattern(
        source, radiation=config.radiation, two_theta_range_deg=config.two_theta_range_deg
    )
    prepared = prepare_pattern(pattern)
    if prepared.peaks.n_peaks == 0:
        raise ConfigError(
            "no peak stands above the noise between "
            f"{pattern.two_theta_deg[0]:.1f} and {pattern.two_theta_deg[-1]:.1f}°; "
            "measure longer, or give another --range"
        )
    return prepared


def _opened(
    library: Library,
    weights: str | Path,
    *,
    contents: str | Path | None,
    progress: Progress,
) -> LibrarySpace:
    """The library in the space of some weights, whatever they read."""
    card = read_card(weights_file(weights))
    needs = network_class(preset_named(card.preset)).needs & {"atoms", "beads"}
    if not needs:
        return open_space(library, weights=weights, progress=progress)
    if contents is None:
        raise ConfigError(
            f"the weights are of preset {card.preset!r}, which reads {' and '.join(sorted(needs))} "
            "of each framework; give their store with --contents, or use the weights small"
        )
    from porescope.workflows.contents_space import open_contents_space

    return open_contents_space(library, weights=weights, contents=contents, progress=progress)


def _embedded(
    query: Crystal | PreparedPattern, space: LibrarySpace, *, config: SimilarConfig
) -> tuple[Float[np.ndarray, "dimension"], Callable[[int], Attention | None] | None]:
    """Where the query lies, and what says why it lies near a row of the index."""
    told = _numbers_told(config)
    if not space.index.model.needs & {"atoms", "beads", "linkers", "profile"}:
        if isinstance(query, Crystal):
            return space.index.embed_crystal(query), None
        assert query.pattern.radiation is not None
        radiation = query.pattern.radiation
        return space.index.embed_peaks(query.peaks, radiation=radiation, elements=told), None
    if isinstance(query, Crystal):
        raise ConfigError(
            f"the weights of preset {space.card.preset!r} compare patterns; give a pattern, or use "
            "the weights small for a crystal"
        )
    from porescope.models.retrieval.predict import embed_patterns
    from porescope.workflows import contents_space as of_contents

    metal = gemmi.Element(config.metals[0]).atomic_number if config.metals else 0
    inputs = of_contents.inputs_with_profile(
        query,
        ingredients=of_contents.Ingredients(metal=metal, linkers=config.linkers),
        elements=told,
    )

    def attend(row: int) -> Attention | None:
        weight = of_contents.looked_at(space, inputs, row=row)
        if weight is None or inputs.profile is None:
            return None
        profile = inputs.profile[0].numpy().astype(np.float64)
        angles = of_contents.profile_grid_deg()
        return Attention(two_theta_deg=angles, profile=profile, weight=weight.astype(np.float64))

    return embed_patterns(space.index.model, inputs)[0], attend


def _numbers_told(config: SimilarConfig) -> list[int] | None:
    """Atomic numbers that the model is told, or ``None``."""
    told = told_elements(config.elements, config.metals, formula=config.formula)
    return sorted({gemmi.Element(symbol).atomic_number for symbol in told}) or None


def allowed_cards(
    library: Library, index: RetrievalIndex, *, config: SimilarConfig
) -> Bool[np.ndarray, "cards"] | None:
    """Which embedded cards have the right elements; ``None`` for all.

    Parameters
    ----------
    library:
        The library.
    index:
        Its embeddings.
    config:
        Elements, metals and formula.

    Raises
    ------
    ConfigError
        Where there are none.
    """
    contains, only = element_rule(
        SolveConfig(elements=config.elements, metals=config.metals, formula=config.formula)
    )
    if not contains and only is None:
        return None
    entries = library.entries(contains=contains, only=only)
    numbers = np.array([entry.number for entry in entries], dtype=np.int64)
    allowed = np.isin(index.numbers, numbers)
    if not allowed.any():
        asked = ", ".join((*config.elements, *config.metals)) or config.formula
        raise ConfigError(
            f"no card of the library agrees with {asked}; name fewer metals or more elements, "
            "or add structures with: porescope library add FOLDER"
        )
    return allowed


def line_matches(cards: Sequence[PowderCard], prepared: PreparedPattern) -> list[float]:
    """Cosines that the card search finds for some cards alone.

    Parameters
    ----------
    cards:
        The cards.
    prepared:
        The pattern with its peaks.
    """
    pattern = prepared.pattern
    if not cards or pattern.radiation is None:
        return [0.0] * len(cards)
    xray = pattern.radiation.kind == "xray"
    task = fit_task(
        pattern,
        background=prepared.background,
        sigma=prepared.sigma,
        fwhm_deg=float(np.median(prepared.peaks.fwhm_deg)),
    )
    lines = [card.intensity_xray if xray else card.intensity_neutron for card in cards]
    table = ReflectionTable(
        lattice=np.stack([card.lattice for card in cards]),
        offsets=np.cumsum([0, *(card.n_peaks for card in cards)]),
        hkl=np.concatenate([card.hkl for card in cards]).astype(np.int16),
        intensity=np.concatenate(lines).astype(np.float32),
    )
    hits = search_cards(
        table,
        peaks_within(prepared.peaks, task),
        two_theta_range_deg=task.two_theta_range_deg,
        polarised=xray,
    )
    return [float(score) for score in hits.score]


def _rows(
    near: Sequence[Neighbour], cards: Sequence[PowderCard], matches: Sequence[float | None]
) -> list[SimilarFramework]:
    return [
        SimilarFramework(
            rank=rank,
            number=hit.number,
            id=card.id,
            name=card.title,
            formula=card.formula,
            space_group=card.space_group_symbol,
            cell=card.cell,
            source=card.source,
            similarity=hit.similarity,
            line_match=match,
            doi=card.doi,
        )
        for rank, (hit, card, match) in enumerate(zip(near, cards, matches, strict=True), start=1)
    ]


def _warnings(query: Crystal | PreparedPattern) -> tuple[str, ...]:
    """What the user should know."""
    if isinstance(query, Crystal):
        unknown = int((~is_known(query)).sum())
        plural = "s are" if unknown > 1 else " is"
        return (f"{unknown} atom{plural} of no known element and left out.",) if unknown else ()
    said = list(query.warnings)
    if query.peaks.n_peaks < FEW_PEAKS:
        said.append(
            f"Only {query.peaks.n_peaks} peaks stand above the noise; so few fit many frameworks."
        )
    if query.pattern.radiation is not None and query.pattern.radiation.kind != "xray":
        said.append("The model has learned X-ray intensities; neutrons' are others.")
    return tuple(said)


def _settings(
    config: SimilarConfig, *, space: LibrarySpace, prepared: PreparedPattern | None
) -> dict[str, str]:
    """What was asked for, and what answered."""
    settings = {
        "weights": f"{space.card.preset} {space.digest}",
        "trained by": f"porescope {space.card.package_version}",
    }
    if prepared is not None and prepared.pattern.radiation is not None:
        settings["radiation"] = describe_radiation(prepared.pattern.radiation)
    for key, value in (
        ("elements", ", ".join(config.elements)),
        ("metal", ", ".join(config.metals)),
        ("formula", config.formula),
    ):
        if value:
            settings[key] = value
    if config.two_theta_range_deg is not None:
        settings["range"] = "{:g}–{:g}°".format(*config.two_theta_range_deg)
    return settings
