"""Every receipt of the index is a file where the index says, and no file was left behind."""

import os
import sqlite3
import sys
from pathlib import Path

DATA = Path(os.environ["CARETAKER_DATA"])


def main() -> None:
    index = sqlite3.connect(os.environ["CARETAKER_STORE_INDEX"])
    missing = [
        number
        for number, path in index.execute("SELECT entry, path FROM receipt")
        if path is None or not (DATA / path).is_file()
    ]
    left = sorted(path.name for path in (DATA / "receipts").glob("*.txt"))
    if missing or left:
        sys.exit(f"receipts {missing[:5]} are nowhere, files {left[:5]} were not moved")


if __name__ == "__main__":
    main()
