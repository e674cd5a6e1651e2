"""Who may sign in. `configured` is 1 for the user whom the settings name.

The table is not called `users`, as MLflow's own tables of users may lie in the same database.
"""

STATEMENTS = [
    """CREATE TABLE accounts (
        id {serial}, name {code:256} NOT NULL, password VARCHAR(256) NOT NULL,
        configured {int} NOT NULL, created {int} NOT NULL, updated {int} NOT NULL)""",
    "CREATE UNIQUE INDEX accounts_name ON accounts (name)",
]
