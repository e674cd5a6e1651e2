"""Experiments in and out: from any Source (this store, an export folder, an MLflow server, database
or file store) into this store or an export folder, and the comparison of two Sources."""
