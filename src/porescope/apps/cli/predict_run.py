"""Predict, write the files, and say what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from porescope.apps.cli.failure import FAILED, SOME_FAILED
from porescope.apps.cli.progress import progress_bar
from porescope.apps.cli.show_predict import (
    prediction_json,
    predictions_json,
    show_prediction,
    show_predictions,
    write_atoms,
    write_predictions,
)
from porescope.apps.cli.staging import require_writable_folder, staged_folder
from porescope.apps.cli.terminal import console_for_output
from porescope.errors import ConfigError, PorescopeError
from porescope.io.cif_files import structure_files
from porescope.models.shipped import property_folder

if TYPE_CHECKING:
    from porescope.workflows.map_comparison import MapComparison
    from porescope.workflows.map_selectivity import SelectivityMap
    from porescope.workflows.predict import PropertyPrediction
    from porescope.workflows.predict_many import PredictedFiles
    from porescope.workflows.predict_models import PropertyModels

DEFAULT_OUT = Path("porescope-predict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user asked for, as typed."""

    property_name: str | None = None
    """Name of a property."""
    models: tuple[Path, ...] = ()
    """Weights of one's own."""
    out: Path | None = None
    """Folder of the files."""
    with_map: bool = False
    """Whether maps are written."""
    against: str | None = None
    """Property, or weights, of the denominator of a ratio."""
    density: Path | None = None
    """Density to compare with."""
    spacing: float | None = None
    """Distance of the map's points [Å]."""
    rank_sites: bool = False
    """Whether sites are ranked."""
    site_radius: float | None = None
    """Radius of a site [Å]."""
    truth: Path | None = None
    """Table of known values."""
    column: str | None = None
    """Its column."""
    restart: bool = False
    """Whether an earlier run is forgotten."""
    json_output: bool = False
    """Whether JSON is printed."""

    @property
    def folder(self) -> Path | None:
        """Where files go, if any are written."""
        writes = self.with_map or self.rank_sites or self.truth is not None
        return DEFAULT_OUT if self.out is None and writes else self.out


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The weights of a run."""

    first: PropertyModels
    """Those of the property."""
    second: PropertyModels | None = None
    """Those that the property is divided by."""
    second_name: str | None = None
    """Their target; None for the first."""


def run_predict(sources: Sequence[Path], *, options: Options) -> int:
    """Predict files or folders and show what came out.

    Parameters
    ----------
    sources:
        Files and folders.
    options:
        What the user asked for.

    Returns
    -------
    :
        The exit code.

    Raises
    ------
    PorescopeError
        An option is wrong, there is nothing to predict, or the one file cannot be predicted.
    OSError
        The results cannot be written.
    """
    files = structure_files(sources)
    several = len(files) > 1 or options.rank_sites or options.truth is not None
    if options.density is not None and several:
        raise ConfigError("--density takes one structure; run it for each file, or leave it out")
    if options.column is not None and options.truth is None:
        raise ConfigError("--column names a column of --truth; give both")
    if not options.models:
        property_folder(options.property_name)
    from porescope.workflows.predict import columns_of

    models = _models(options)
    columns_of(models.first, options.property_name)
    folder = options.folder
    if folder is not None:
        require_writable_folder(folder)
    if several:
        return _run_many(files, models=models, options=options)
    return _run_one(files[0], models=models, options=options)


def _models(options: Options) -> Models:
    from porescope.workflows.predict_models import open_property_models

    name = options.property_name
    if options.models:
        first = open_property_models(model=options.models)
    else:
        first = open_property_models(name)
    if options.against is None:
        return Models(first=first)
    try:
        first.column(options.against)
    except ConfigError:
        pass
    else:
        return Models(first=first, second=first, second_name=options.against)
    path = Path(options.against).expanduser()
    if path.exists() or path.with_name(path.name + ".safetensors").exists():
        return Models(first=first, second=open_property_models(model=path))
    second = open_property_models(options.against)
    named = None if second.name == options.against else options.against
    return Models(first=first, second=second, second_name=named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One structure with all that was asked for."""

    found: PropertyPrediction
    """The prediction."""
    ratio: SelectivityMap | None = None
    """The ratio of its map to another."""
    compared: MapComparison | None = None
    """Its map beside a density."""


def _one(path: Path, *, models: Models, options: Options) -> Shown:
    from porescope.workflows.predict import predict

    found = predict(
        path,
        options.property_name,
        model=models.first,
        with_map=options.with_map,
        spacing=options.spacing,
    )
    if found.map is None:
        return Shown(found=found)
    ratio = compared = None
    if models.second is not None:
        from porescope.workflows.map_contributions import contribution_map
        from porescope.workflows.map_selectivity import selectivity_map

        column = 0 if models.second_name is None else models.second.column(models.second_name)
        second = contribution_map(
            models.second, found.crystal, column=column, spacing=options.spacing
        )
        ratio = selectivity_map(found.map, second)
    if options.density is not None:
        from porescope.workflows.map_comparison import map_comparison

        compared = map_comparison(
            found.crystal, contributions=found.map.values, density=options.density
        )
    return Shown(found=found, ratio=ratio, compared=compared)


def _run_one(path: Path, *, models: Models, options: Options) -> int:
    folder = options.folder
    with progress_bar("reading") as bar:
        bar("predicting", 0.2)
        shown = _one(path, models=models, options=options)
        bar("writing", 0.9)
        if folder is not None:
            with staged_folder(folder) as staging:
                _write_one(shown, staging, stem=path.stem)
    if options.json_output:
        typer.echo(prediction_json(shown, file=str(path)))
    else:
        show_prediction(shown, folder=folder, stem=path.stem, console=console_for_output())
    return 0


def _write_one(shown: Shown, folder: Path, *, stem: str) -> None:
    """The prediction as JSON and, with a map, the cube, the atoms and the page."""
    text = prediction_json(shown, file=stem)
    (folder / f"{stem}.json").write_text(text + "\n", encoding="utf-8")
    if shown.found.map is None:
        return
    from porescope.apps.report.predict_page import predict_html
    from porescope.workflows.map_contributions import write_map_cube

    write_map_cube(shown.found.map, folder / f"{stem}.cube")
    write_atoms(shown, folder / f"{stem}.atoms.csv")
    if shown.ratio is not None:
        ratio = shown.ratio
        names = f"{ratio.first.target.name} over {ratio.second.target.name}"
        write_map_cube(
            ratio.first,
            folder / f"{stem}.ratio.cube",
            values=ratio.values,
            title=f"porescope: {names} in {shown.found.name}, 0 where no ratio is made",
        )
    page = predict_html(shown.found, ratio=shown.ratio, compared=shown.compared)
    (folder / f"{stem}.html").write_text(page, encoding="utf-8")


def _run_many(files: Sequence[Path], *, models: Models, options: Options) -> int:
    from porescope.workflows.predict_many import PredictProgress, predict_files, true_values

    folder = options.folder
    truth = None
    if options.truth is not None:
        from porescope.workflows.predict import columns_of

        first = models.first.targets[columns_of(models.first, options.property_name)[0]]
        truth = true_values(options.truth, column=options.column or first.name)
    with progress_bar("reading") as bar:

        def progress(state: PredictProgress) -> None:
            bar(f"{state.done} of {state.total}", state.done / max(state.total, 1))

        found = predict_files(
            files,
            models=models.first,
            property=options.property_name,
            with_sites=options.rank_sites,
            site_radius=options.site_radius,
            spacing=options.spacing,
            out=folder,
            resume=not options.restart,
            progress=progress,
        )
        bar("writing", 1.0)
        if folder is not None:
            _write_many(found, folder, truth=truth, options=options)
            if options.with_map:
                _write_maps(found, folder, models=models, options=options, bar=bar)
    if options.json_output:
        typer.echo(predictions_json(found))
    else:
        show_predictions(found, folder=folder, truth=truth, console=console_for_output())
    n_failed = len(found.rows) - len(found.good)
    return 0 if not n_failed else SOME_FAILED if found.good else FAILED


def _write_many(found: PredictedFiles, folder: Path, *, truth: object, options: Options) -> None:
    from porescope.apps.report.sites_page import sites_html
    from porescope.workflows.site_ranking import ranked_sites, write_sites

    assert truth is None or isinstance(truth, dict)
    sites = ranked_sites(found.rows) if found.with_sites else []
    with staged_folder(folder) as staging:
        write_predictions(found, staging / "predictions.csv", truth=truth)
        if found.with_sites:
            write_sites(sites, staging / "sites.csv")
        page = sites_html(found, sites=sites, truth=truth, radius=options.site_radius)
        (staging / "report.html").write_text(page, encoding="utf-8")


def _write_maps(
    found: PredictedFiles, folder: Path, *, models: Models, options: Options, bar: object
) -> None:
    """A map of each structure that gave a value; one that fails is passed over with a word."""
    assert callable(bar)
    taken: set[str] = set()
    for place, (path, row) in enumerate(zip(found.paths, found.rows, strict=True)):
        if row["status"] != "ok":
            continue
        stem, n = path.stem, 2
        while stem in taken:
            stem, n = f"{path.stem}_{n}", n + 1
        taken.add(stem)
        bar(f"map {place + 1} of {len(found.rows)}", place / len(found.rows))
        try:
            shown = _one(path, models=models, options=options)
        except PorescopeError as error:
            typer.echo(f"no map of {path.name}: {error}", err=True)
            continue
        staged = folder / "maps"
        with staged_folder(staged) as staging:
            _write_one(shown, staging, stem=stem)
