"""Exporters: where measurements go. Each is a Meter; a new one is one file and one line in app."""
