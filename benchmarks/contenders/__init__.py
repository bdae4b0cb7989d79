"""What devin-elt is measured beside: other ways of getting the same sessions into DuckDB."""

from .registry import CONTENDERS, Contender, prepare

__all__ = ["CONTENDERS", "Contender", "prepare"]
