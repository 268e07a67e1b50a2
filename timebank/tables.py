"""Imports every table, so that migrations and tests see the whole schema."""

import importlib
from pathlib import Path

from sqlmodel import SQLModel

for _path in sorted(Path(__file__).parent.glob("*/models.py")):
    importlib.import_module(f"timebank.{_path.parent.name}.models")

metadata = SQLModel.metadata
