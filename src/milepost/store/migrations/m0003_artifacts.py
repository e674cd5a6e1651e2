"""What artifacts take up.

A row for each file makes counting exact: writing a file twice counts it once, in whatever order
servers and retries do it. The sums are kept beside, so that asking for them costs one row. An
experiment's sum holds those of its runs and models.
"""

STATEMENTS = [
    # kind and owner: an experiment (0), run (1) or logged model (2) and its number. path_key is a
    # digest of the path, which may be too long for an index.
    """CREATE TABLE artifact_files (
        kind {int} NOT NULL, owner {int} NOT NULL, path_key CHAR(32) NOT NULL,
        path {text} NOT NULL, size {int} NOT NULL, PRIMARY KEY (kind, owner, path_key))
        {clustered}""",
    """CREATE TABLE artifact_usage (
        kind {int} NOT NULL, owner {int} NOT NULL, experiment_id {int} NOT NULL,
        bytes {int} NOT NULL, files {int} NOT NULL, PRIMARY KEY (kind, owner)) {clustered}""",
    "CREATE INDEX artifact_usage_experiment ON artifact_usage (experiment_id, kind, owner)",
    # Files that clients may be uploading to the store itself: looked for now and then, until
    # the permission has expired (milliseconds).
    """CREATE TABLE artifact_pending (
        kind {int} NOT NULL, owner {int} NOT NULL, path_key CHAR(32) NOT NULL,
        experiment_id {int} NOT NULL, path {text} NOT NULL, until {int} NOT NULL,
        PRIMARY KEY (kind, owner, path_key)) {clustered}""",
    "CREATE INDEX artifact_pending_experiment ON artifact_pending (experiment_id)",
]
