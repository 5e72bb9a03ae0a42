"""Makes ``data/property_predictions.csv``: what the shipped weights say of sodalite.

Run it only when weights are replaced: ``python tests/regression/make_property_predictions.py``.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from porescope.models.shipped import shipped_properties
from porescope.workflows.predict import predict
from predict_toys import sodalite_file

if __name__ == "__main__":
    out = Path(__file__).parent / "data" / "property_predictions.csv"
    with tempfile.TemporaryDirectory() as folder, out.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["weights", "target", "unit", "value"])
        for name in shipped_properties():
            found = predict(sodalite_file(Path(folder)), name)
            # Charges add up to nothing: the highest stands for them.
            said = found.contributions.max(axis=0) if found.of_atoms else found.values
            for target, value in zip(found.targets, said, strict=True):
                writer.writerow([name, target.name, target.unit, f"{value:.6g}"])
