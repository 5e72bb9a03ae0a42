"""Identification of corrupted patterns of library frameworks.

    python benchmarks/science/identify_corrupted.py --run test --n 1000
    python benchmarks/science/identify_corrupted.py --run calibration --n 1500 --calibrate
    python benchmarks/science/identify_corrupted.py --table

and the same with the learned space, for the weights of the probability that know it:

    python benchmarks/science/identify_corrupted.py --learned small --run calibration --n 1500 \\
        --calibrate
    python benchmarks/science/identify_corrupted.py --learned small --run test --n 1000 --table

Each case is one framework, drawn by seed; calibration and test frameworks never overlap. The
pattern is corrupted by ``porescope.diffraction.corrupt`` with every axis changed by up to 1.5 % on
its own, from reflections computed from the structure file (not from the card). Every case is
searched with and without its elements given, with its framework in the library and with all
entries of that framework, whatever the metal, taken out. Cases are written one by one, so that an
interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from porescope.crystal.symmetry import find_symmetry
from porescope.datasets.library import SHIPPED, Library
from porescope.datasets.splits import frozen_split
from porescope.diffraction.breathe import BreatheHits, breathe_cards
from porescope.diffraction.corrupt import CORRUPTION_VERSION, CorruptionConfig, corrupt_pattern
from porescope.diffraction.peaks import PeakList
from porescope.diffraction.prepare import prepare_pattern
from porescope.diffraction.radiation import radiation_from_name
from porescope.diffraction.reflections import ReflectionList
from porescope.diffraction.search import search_cards
from porescope.diffraction.structure_factors import reflections_of
from porescope.io.cif import read_cif
from porescope.workflows.candidate_fits import fit_card, fit_task
from porescope.workflows.evidence import (
    CANDIDATE_SIGNS,
    LEARNED_FEATURES,
    LEARNED_SIGNS,
    NONE_FEATURES,
    Evidence,
    candidate_features,
    none_features,
)
from porescope.workflows.identify import SearchSpace, identify_peaks, peaks_within
from porescope.workflows.learned import LearnedQuery, learned_query
from porescope.workflows.probability import (
    SHIPPED_LEARNED_MODEL,
    SHIPPED_MODEL,
    LabelledCase,
    ProbabilityModel,
    fit_model,
    save_model,
    shipped_model,
)
from porescope.workflows.shortlist import reflection_table

sys.path.insert(0, str(Path(__file__).parents[1]))
from rows import run_facts

RESULTS = Path(__file__).parents[1] / "results"
CONFIG = CorruptionConfig(cell_isotropic=0.0, cell_axis=0.015)
"""Each axis by its own amount up to 1.5 %, harder than the default."""
SPLIT_SEED = 20260
MODES = ("none_given", "elements_given")


def split_frameworks(space: SearchSpace, *, unseen: bool = False) -> dict[str, np.ndarray]:
    """Rows of one card for each group of frameworks, split into calibration and test.

    Parameters
    ----------
    space:
        The cards.
    unseen:
        Only frameworks that the learned models were not trained on, so that their similarities
        are not those of what they know by heart.
    """
    rng = np.random.default_rng(SPLIT_SEED)
    groups = space.codes[1]
    _, first = np.unique(groups, return_index=True)
    minerals = [entry.number for entry in space.library.entries(source="minerals")]
    first = first[~np.isin(space.table.ids[first], minerals)]
    order = rng.permutation(first)
    if unseen:
        sides = frozen_split("all_structures").sides
        ids = {entry.number: entry.id for entry in space.library.entries()}
        held = [sides.get(ids[int(n)], "train") != "train" for n in space.table.ids[order]]
        order = order[np.array(held, dtype=bool)]
    half = len(order) // 2
    return {"calibration": order[:half], "test": order[half:]}


_SPACE: SearchSpace | None = None
_STRUCTURES: Path | None = None
_LEARNED = ""


def _start(library: str, structures: str, learned: str = "") -> None:
    global _SPACE, _STRUCTURES, _LEARNED
    warnings.simplefilter("ignore")
    opened = Library.open([Path(library)])
    _SPACE = SearchSpace(library=opened, table=opened.peak_table())
    _STRUCTURES = Path(structures)
    _LEARNED = learned
    if learned:
        import torch

        torch.set_num_threads(1)


def run_case(row: int, seed: int, *, guests: bool = False) -> dict[str, object]:
    """One framework, one corruption, four searches."""
    assert _SPACE is not None
    assert _STRUCTURES is not None
    space = _SPACE
    card = space.library.cards(space.table.ids[[row]])[0]
    case: dict[str, object] = {"row": row, "seed": seed, "id": card.id, "status": "ok"}
    path = find_file(_STRUCTURES, card.source, card.cif_path)
    crystal = find_symmetry(read_cif(path), symprec=0.05)
    rng = np.random.default_rng([seed, row])
    reflections = reflections_of(
        crystal, d_min=CONFIG.d_min, radiation=radiation_from_name(CONFIG.radiation)
    )
    pattern = corrupt_pattern(
        with_guests(reflections, rng=rng) if guests else reflections,
        lattice=crystal.lattice,
        rng=rng,
        config=CONFIG,
        space_group=crystal.space_group,
        name=crystal.name,
    )
    started = time.perf_counter()
    prepared = prepare_pattern(pattern)
    peaks = prepared.peaks
    if peaks.n_peaks < 2:
        return case | {"status": "fewer than two peaks"}
    task = fit_task(
        prepared.pattern,
        background=prepared.background,
        sigma=prepared.sigma,
        fwhm_deg=float(np.median(peaks.fwhm_deg)),
    )
    prepare_s = time.perf_counter() - started
    frameworks, groups = space.codes
    mask = space.table.elements[row]
    has = ~np.any(space.table.elements & ~(mask | hydrogen_oxygen()), axis=1)
    case |= {"n_peaks": peaks.n_peaks, "prepare_s": prepare_s, "searches": {}}
    away = groups != groups[row]
    started = time.perf_counter()
    hits = search_cards(
        reflection_table(space.table, kind="xray"),
        peaks_within(peaks, task),
        two_theta_range_deg=task.two_theta_range_deg,
    )
    case["search_s"] = time.perf_counter() - started
    fits = {}

    def fit_once(card, task, **start):
        if card.id not in fits:
            fits[card.id] = fit_card(card, task, **start)
        return fits[card.id]

    breaths = {}

    def breathe_once(table, cards, peaks, *, strain, zero_shift_deg, **options):
        ids = space.table.ids[cards]
        new = np.array([i for i, k in enumerate(ids) if int(k) not in breaths], dtype=np.int64)
        if len(new):
            found = breathe_cards(
                table,
                cards[new],
                peaks,
                strain=strain[new],
                zero_shift_deg=zero_shift_deg[new],
                **options,
            )
            for j, i in enumerate(new):
                breaths[int(ids[i])] = (
                    found.score[j],
                    found.strain[j],
                    found.zero_shift_deg[j],
                )
        known = [breaths[int(k)] for k in ids]
        return BreatheHits(
            score=np.array([k[0] for k in known]),
            strain=np.array([k[1] for k in known]).reshape(-1, 3),
            zero_shift_deg=np.array([k[2] for k in known]),
        )

    def searched(chosen, *, elements, query):
        started = time.perf_counter()
        found = identify_peaks(
            space,
            peaks,
            task=task,
            kind="xray",
            model=None,
            elements=elements,
            allowed=chosen,
            hits=hits,
            breathe=breathe_once,
            fit=fit_once,
            learned=query,
        )
        rows = [s.row for s in found.scored]
        return {
            "seconds": time.perf_counter() - started,
            "n_peaks": peaks_within(peaks, task).n_peaks,
            "chance_score": found.shortlist.chance_score,
            "ids": [s.card.id for s in found.scored],
            "same": [bool(frameworks[r] == frameworks[row]) for r in rows],
            "same_net": [bool(groups[r] == groups[row]) for r in rows],
            "evidence": [
                {
                    k: round(v, 5) if isinstance(v, float) else v
                    for k, v in asdict(s.evidence).items()
                }
                for s in found.scored
            ],
        }

    for mode, keep in (("none_given", np.ones(len(away), bool)), ("elements_given", has)):
        elements = frozenset(card.elements) if mode == "elements_given" else frozenset()
        query = learned_of(space, peaks, elements=tuple(sorted(elements)))
        best = np.where(keep, hits.score, -1.0)
        better = keep & (best > best[frameworks == frameworks[row]].max())
        case[f"naive_rank_{mode}"] = len(np.unique(frameworks[better])) + 1
        for name, chosen in ((mode, keep), (f"{mode}_removed", keep & away)):
            case["searches"][name] = searched(chosen, elements=elements, query=query)
        if query is not None:
            case["learned"] = query.weights
            case.setdefault("plain", {})[mode] = searched(keep, elements=elements, query=None)
    other = frameworks != frameworks[row]
    if _LEARNED and (other & ~away).any():
        # its own cards are taken out, those with another metal are not
        query = learned_of(space, peaks, elements=())
        for name, asked in (("searches", query), ("plain", None)):
            case[name]["other_metal"] = searched(other, elements=frozenset(), query=asked)
    return case


def learned_of(
    space: SearchSpace, peaks: PeakList, *, elements: tuple[str, ...]
) -> LearnedQuery | None:
    """What the learned space says, where it was asked for."""
    if not _LEARNED:
        return None
    query, reason = learned_query(
        space.library,
        peaks,
        radiation=radiation_from_name(CONFIG.radiation),
        elements=elements,
        weights=_LEARNED,
    )
    if query is None:
        raise SystemExit(reason or f"there are no weights {_LEARNED!r}, or no torch")
    return query


def with_guests(reflections: ReflectionList, *, rng: np.random.Generator) -> ReflectionList:
    """Intensities of a framework full of cations and water, as zeolites are.

    A structure factor of guests with random phase joins that of the framework: its mean square is
    a share, up to 0.6, of the framework's at low angles and falls with the Debye-Waller factor of
    loosely bound atoms. Every second case of the calibration has it, so that the probability does
    not take changed intensities for another framework.
    """
    f_squared = reflections.f_squared
    assert f_squared is not None
    share = rng.uniform(0.0, 0.6)
    s_squared = 1.0 / (4.0 * reflections.d**2)
    mean = np.average(f_squared, weights=reflections.multiplicity)
    strength = share * mean * np.exp(-16.0 * np.pi**2 * 0.06 * s_squared)
    guest = strength * rng.exponential(size=len(f_squared))
    cosine = np.cos(rng.uniform(0.0, 2.0 * np.pi, size=len(f_squared)))
    return replace(
        reflections, f_squared=f_squared + guest + 2.0 * np.sqrt(f_squared * guest) * cosine
    )


def hydrogen_oxygen() -> np.ndarray:
    """Mask of the elements that every search may add."""
    words = np.zeros(2, dtype=np.uint64)
    for z in (1, 8):
        words[0] |= np.uint64(1) << np.uint64(z - 1)
    return words


def find_file(structures: Path, source: str, cif_path: str) -> Path:
    """A structure file below the folder of unpacked archives."""
    direct = structures / cif_path
    if direct.is_file():
        return direct
    found = sorted(structures.glob(f"*/{cif_path}")) or sorted(
        structures.rglob(Path(cif_path).name)
    )
    if not found:
        raise FileNotFoundError(f"{cif_path} of {source} is not below the folder of structures")
    return found[0]


def cases_file(split: str, *, learned: bool) -> Path:
    """Where the cases of one split stand."""
    return RESULTS / "work" / f"identify_{split}{'_learned' if learned else ''}.jsonl"


def run(
    split: str, n: int, *, library: str, structures: str, seed: int, jobs: int, learned: str = ""
) -> Path:
    """Run the missing cases of one split."""
    path = cases_file(split, learned=bool(learned))
    path.parent.mkdir(parents=True, exist_ok=True)
    done = set()
    if path.is_file():
        done = {json.loads(line)["row"] for line in path.read_text().splitlines() if line}
    _start(library, structures, learned)
    if learned:
        from porescope.workflows.library_space import open_space

        open_space(_SPACE.library, weights=learned)
    rows = [
        int(r)
        for r in split_frameworks(_SPACE, unseen=bool(learned))[split][:n]
        if int(r) not in done
    ]
    started = time.time()
    with (
        ProcessPoolExecutor(
            jobs, initializer=_start, initargs=(library, structures, learned)
        ) as pool,
        path.open("a") as out,
    ):
        futures = {
            pool.submit(run_case, row, seed, guests=split == "calibration" and row % 2 == 1): row
            for row in rows
        }
        for i, future in enumerate(as_completed(futures)):
            try:
                case = future.result()
            except (ValueError, OSError, ArithmeticError, IndexError) as error:
                case = {"row": futures[future], "seed": seed, "status": repr(error)}
            out.write(json.dumps(case) + "\n")
            out.flush()
            if i % 20 == 0:
                rate = (time.time() - started) / (i + 1)
                print(f"{split} {i + 1}/{len(rows)} {rate:.2f} s a case", flush=True)
    return path


def read_cases(split: str, *, learned: bool = False) -> list[dict]:
    """Finished cases of one split."""
    path = cases_file(split, learned=learned)
    cases = [json.loads(line) for line in path.read_text().splitlines() if line]
    return [case for case in cases if case["status"] == "ok"]


def features_of(search: dict, *, learned: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Features of the candidates and of the pattern, from the evidence that was kept."""
    context = {"n_peaks": search["n_peaks"], "chance_score": search["chance_score"]}
    evidence = [Evidence(**e) for e in search["evidence"]]
    return candidate_features(evidence, **context, learned=learned), none_features(**context)


def labelled(cases: list[dict], *, learned: bool = False) -> list[LabelledCase]:
    """Every search of every case, with the right framework marked."""
    found = []
    for case in cases:
        for name, search in case["searches"].items():
            if search["evidence"] and name != "other_metal":
                candidates, pattern = features_of(search, learned=learned)
                found.append(
                    LabelledCase(
                        candidates=candidates,
                        pattern=pattern,
                        right=np.array(search["same"]),
                    )
                )
    return found


def calibrate(*, learned: bool = False) -> None:
    """Weights of the probability from the calibration split."""
    cases = read_cases("calibration", learned=learned)
    weights = {case.get("learned", "") for case in cases}
    if len(weights) > 1:
        raise SystemExit(f"the cases are of different weights: {', '.join(sorted(weights))}")
    signs = LEARNED_SIGNS if learned else CANDIDATE_SIGNS
    model = fit_model(
        labelled(cases, learned=learned),
        candidate_features=tuple(signs),
        none_features=NONE_FEATURES,
        signs=tuple(signs.values()),
        ridge=3e-4,
        card=({"learned": weights.pop()} if learned else {})
        | {
            "data": f"{len(cases)} corrupted patterns of as many frameworks, each with and without "
            "its framework in the library, with and without elements given",
            "corruption": f"version {CORRUPTION_VERSION}, each axis up to 1.5 %; every second "
            "case with structure factors of random guests",
            "split_seed": str(SPLIT_SEED),
        },
    )
    save_model(model, SHIPPED_LEARNED_MODEL if learned else SHIPPED_MODEL)
    for name, weight in zip(signs, model.candidate_weights, strict=True):
        print(f"{name:20s} {weight:8.3f}")
    for name, weight in zip(NONE_FEATURES, model.none_weights, strict=True):
        print(f"none: {name:14s} {weight:8.3f}")


def auroc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Probability that a positive scores above a negative."""
    values = np.concatenate([positive, negative])
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(1, len(values) + 1)
    n = len(positive)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * len(negative)))


def calibration_error(stated: np.ndarray, true: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error with equal-width bins."""
    index = np.minimum((stated * bins).astype(int), bins - 1)
    total = 0.0
    for b in range(bins):
        inside = index == b
        if inside.any():
            total += inside.mean() * abs(stated[inside].mean() - true[inside].mean())
    return float(total)


def model_of(cases: list[dict], *, learned: bool) -> tuple[ProbabilityModel, bool]:
    """Weights of the probability, and whether they know the learned similarity."""
    model = shipped_model(learned=cases[0].get("learned", "") if learned and cases else "")
    return model, model.candidate_features == LEARNED_FEATURES


def evaluate(split: str, *, learned: bool = False) -> list[dict[str, object]]:
    """The numbers of the table, one row for each mode."""
    cases = read_cases(split, learned=learned)
    model, similar = model_of(cases, learned=learned)
    rows = []
    for mode in MODES:
        top1, top10, net1, net10, none_in, none_out, stated, true, seconds = ([] for _ in range(9))
        for case in cases:
            for removed in (False, True):
                search = case["searches"][f"{mode}{'_removed' if removed else ''}"]
                candidates, pattern = features_of(search, learned=similar)
                p, none = model.probabilities(candidates, pattern=pattern)
                order = np.argsort(-p, kind="stable")
                same = np.array(search["same"], dtype=bool)[order]
                net = np.array(search["same_net"], dtype=bool)[order]
                seconds.append(search["seconds"])
                if removed:
                    none_out.append(none)
                    stated.append(p.max(initial=0.0))
                    true.append(False)
                else:
                    top1.append(same[:1].any())
                    top10.append(same[:10].any())
                    net1.append(net[:1].any())
                    net10.append(net[:10].any())
                    none_in.append(none)
                    stated.append(p.max(initial=0.0))
                    true.append(bool(same[:1].any()))
        rows.append(
            {
                "mode": mode,
                "n": len(cases),
                "top1": np.mean(top1),
                "top10": np.mean(top10),
                "top1_any_metal": np.mean(net1),
                "top10_any_metal": np.mean(net10),
                "auroc_none": auroc(np.array(none_out), np.array(none_in)),
                "calibration_error": calibration_error(np.array(stated), np.array(true)),
                "seconds": np.median(seconds),
            }
        )
    return rows


def naive(split: str) -> list[dict[str, object]]:
    """The isotropic search alone, with nothing after it."""
    cases = read_cases(split)
    rows = []
    for mode in MODES:
        ranks = np.array([case[f"naive_rank_{mode}"] for case in cases])
        rows.append(
            {
                "mode": mode,
                "n": len(cases),
                "top1": float(np.mean(ranks <= 1)),
                "top10": float(np.mean(ranks <= 10)),
            }
        )
    return rows


def write_rows(name: str, rows: list[dict[str, object]], *, library: str, seed: int) -> None:
    """Write a results file: metrics, seed, data hash, commit, hardware."""
    digest = hashlib.sha256(Path(library).read_bytes()).hexdigest()[:16]
    facts = {"seed": seed, "library_sha256": digest, **run_facts()}
    with (RESULTS / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=[*rows[0], *facts])
        writer.writeheader()
        for row in rows:
            rounded = {k: round(float(v), 4) if isinstance(v, float) else v for k, v in row.items()}
            writer.writerow(rounded | facts)
            print(rounded)


def reliability(split: str, *, learned: bool = False) -> list[dict[str, object]]:
    """Stated against true probability of the first candidate, in ten bins."""
    cases = read_cases(split, learned=learned)
    model, similar = model_of(cases, learned=learned)
    stated, true = [], []
    for case in cases:
        for name, search in case["searches"].items():
            if name == "other_metal":
                continue
            candidates, pattern = features_of(search, learned=similar)
            p, _ = model.probabilities(candidates, pattern=pattern)
            first = int(np.argmax(p)) if len(p) else -1
            stated.append(float(p[first]) if len(p) else 0.0)
            true.append(len(p) > 0 and not name.endswith("removed") and search["same"][first])
    index = np.minimum((np.array(stated) * 10).astype(int), 9)
    return [
        {
            "bin": f"{b / 10:.1f}-{(b + 1) / 10:.1f}",
            "n": int((index == b).sum()),
            "stated": float(np.array(stated)[index == b].mean()),
            "true": float(np.array(true)[index == b].mean()),
        }
        for b in range(10)
        if (index == b).any()
    ]


def gained(split: str) -> list[dict[str, object]]:
    """Cases that the learned space wins and loses: the first candidate is right, or is not.

    Where the framework's own cards are taken out, right is the same net with another metal.
    """
    cases = read_cases(split, learned=True)
    plain = shipped_model()
    model, similar = model_of(cases, learned=True)
    rows = []
    for mode in (*MODES, "other_metal"):
        asked = [case for case in cases if mode in case["searches"]]
        label = "same_net" if mode == "other_metal" else "same"
        without = [_found(case["plain"][mode], plain, label=label) for case in asked]
        found = [
            _found(case["searches"][mode], model, label=label, learned=similar) for case in asked
        ]
        old, new = np.array(without).reshape(-1, 2), np.array(found).reshape(-1, 2)
        rows.append(
            {
                "mode": mode,
                "n": len(asked),
                "top1_without": int(old[:, 0].sum()),
                "top1_with": int(new[:, 0].sum()),
                "won": int((new[:, 0] & ~old[:, 0]).sum()),
                "lost": int((old[:, 0] & ~new[:, 0]).sum()),
                "fitted_without": int(old[:, 1].sum()),
                "fitted_with": int(new[:, 1].sum()),
                "probability_knows_it": similar,
            }
        )
    return rows


def _found(
    search: dict, model: ProbabilityModel, *, label: str, learned: bool = False
) -> tuple[bool, bool]:
    """Whether the first candidate is right, and whether any is."""
    candidates, pattern = features_of(search, learned=learned)
    p, _ = model.probabilities(candidates, pattern=pattern)
    right = search[label]
    return len(p) > 0 and bool(right[int(np.argmax(p))]), any(right)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", choices=("calibration", "test"))
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--library", default=str(SHIPPED))
    parser.add_argument("--structures", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--learned", default="", help="shipped weights, or a checkpoint")
    parser.add_argument("--calibrate", action="store_true")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if options.run:
        run(
            options.run,
            options.n,
            library=options.library,
            structures=options.structures,
            seed=options.seed,
            jobs=options.jobs,
            learned=options.learned,
        )
    learned = bool(options.learned)
    if options.calibrate:
        calibrate(learned=learned)
    options_of_rows = {"library": options.library, "seed": options.seed}
    if options.table and learned:
        rows = evaluate("test", learned=True)
        write_rows("identify_corrupted_learned", rows, **options_of_rows)
        write_rows("identify_learned_gain", gained("test"), **options_of_rows)
    elif options.table:
        write_rows("identify_corrupted", evaluate("test"), **options_of_rows)
        write_rows("identify_naive", naive("test"), **options_of_rows)
        write_rows("identify_reliability", reliability("test"), **options_of_rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
