"""Compares what is drawn with a file. `UPDATE_GOLDEN=1 pytest tests/bot` writes the files anew: read the difference."""

from __future__ import annotations

import json
import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name: str, drawn: object) -> None:
    """Fails where the drawing differs from the file of that name, or where there is none."""
    path = FOLDER / f"{name}.json"
    text = json.dumps(drawn, ensure_ascii=False, indent=2) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no golden file {path.name}; run with UPDATE_GOLDEN=1"
    assert json.loads(text) == json.loads(path.read_text(encoding="utf-8"))
