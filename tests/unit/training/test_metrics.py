"""Hit rates."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from porescope.training.metrics import hit_rates, ranks_of_truth  # noqa: E402

HAYSTACK = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [-1.0, 0.0]])


@pytest.mark.parametrize("rows", [1, 512])
def test_each_framework_counts_once(rows: int) -> None:
    # Two cards of framework 5 stand before framework 7, and cost it one place.
    queries = torch.tensor([[1.0, 0.2], [1.0, 0.2], [1.0, 0.2], [1.0, 0.2]])
    ranks = ranks_of_truth(
        queries,
        HAYSTACK,
        query_groups=torch.tensor([5, 7, 9, 6]),
        haystack_groups=torch.tensor([5, 5, 7, 9]),
        rows=rows,
    )
    assert ranks.tolist() == [1, 2, 3, 0]


def test_ties_count_against_the_query() -> None:
    # Else a model that gives everything one embedding would look perfect.
    ranks = ranks_of_truth(
        torch.ones(2, 2),
        torch.ones(50, 2),
        query_groups=torch.tensor([0, 49]),
        haystack_groups=torch.arange(50),
    )
    assert ranks.tolist() == [50, 50]


def test_rates_by_hand() -> None:
    rates = hit_rates(torch.tensor([1, 4, 20, 0]))
    assert rates == pytest.approx(
        {"top_1": 0.25, "top_5": 0.5, "top_10": 0.5, "mrr": (1 + 1 / 4 + 1 / 20) / 4}
    )
    assert hit_rates(torch.tensor([], dtype=torch.int64), depths=(1,)) == {"top_1": 0.0, "mrr": 0.0}
