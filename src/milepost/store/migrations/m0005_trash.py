"""The trash of registered models.

A deleted model's row moves here and moves back when it is restored; its versions, tags, aliases and
requests stay where they are, unseen, as everything that shows them starts from `registered_models`.
Its name is free meanwhile.
"""

STATEMENTS = [
    """CREATE TABLE deleted_models (
        id {int} NOT NULL PRIMARY KEY, name {code:256} NOT NULL, user_id VARCHAR(256) NOT NULL,
        description {text} NOT NULL, created {int} NOT NULL, updated {int} NOT NULL,
        last_version {int} NOT NULL, is_prompt {int} NOT NULL, needs_approval {int} NOT NULL,
        deleted {int} NOT NULL)""",
    "CREATE INDEX deleted_models_deleted ON deleted_models (deleted, id)",
]
