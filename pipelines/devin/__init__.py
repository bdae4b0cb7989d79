"""The pipeline that keeps a warehouse copy of Devin sessions."""
