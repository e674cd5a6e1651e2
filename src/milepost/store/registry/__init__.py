"""The registry in the database: models, versions, aliases, history, requests, lineage."""
