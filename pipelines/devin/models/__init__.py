"""The SQL models: read from `schemas/models`, rendered for a destination, and made views there."""

from pathlib import Path

FOLDER = Path(__file__).parents[3] / "schemas" / "models"
"""Where their files are, in a checkout and in an installation."""


def analytics_dataset(dataset: str) -> str:
    """The dataset of the views, beside that of the tables."""
    return f"{dataset}_analytics"
