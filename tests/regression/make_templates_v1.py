"""Writes the frozen template file of format version 1; run once, when the version was made."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from small_templates import write_small


def main(path: Path) -> None:
    write_small(path, ids=("EDUSIF", "qmof-33eb7e6", "RUQVEF", "COF-5"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
