"""Milepost side by side with MLflow and FastTrackML: `python -m bench`."""
