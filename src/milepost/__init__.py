"""Milepost: a tracking server and model registry that speaks MLflow's wire."""

__version__ = "0.1.0"
