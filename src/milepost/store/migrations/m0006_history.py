"""The history of one version is found by the name it was recorded under, however long that of its
model is."""

STATEMENTS = [
    "CREATE INDEX registry_history_name_version ON registry_history (model_name, version, id)",
]
