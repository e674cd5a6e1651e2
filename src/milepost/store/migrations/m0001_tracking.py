"""Experiments, runs and what is logged to them.

Integer ids inside, MLflow's ids only at the edge; every key (of a metric, param or tag) is stored
once in `names`. Tables of run data carry the run's experiment, so that a search within an
experiment is a range of an index.
"""

STATEMENTS = [
    "CREATE TABLE names (id {serial}, name VARCHAR(255) NOT NULL UNIQUE)",
    """CREATE TABLE experiments (
        id {serial}, name VARCHAR(500) NOT NULL UNIQUE, artifact_location VARCHAR(2048) NOT NULL,
        lifecycle {int} NOT NULL, created {int} NOT NULL, updated {int} NOT NULL)""",
    """CREATE TABLE experiment_tags (
        experiment_id {int} NOT NULL, key_id {int} NOT NULL, value {text} NOT NULL,
        PRIMARY KEY (experiment_id, key_id)) {clustered}""",
    """CREATE TABLE runs (
        id {serial}, uuid VARCHAR(256) NOT NULL UNIQUE, experiment_id {int} NOT NULL,
        name VARCHAR(8000) NOT NULL, user_id VARCHAR(256) NOT NULL, status {int} NOT NULL,
        start_time {int} NOT NULL, end_time {int}, lifecycle {int} NOT NULL, deleted {int},
        artifact_uri VARCHAR(2048) NOT NULL)""",
    "CREATE INDEX runs_newest ON runs (experiment_id, lifecycle, start_time DESC, uuid)",
    # The last point of each metric of each run, and its best values with their steps. NaN is
    # stored as nan = 1, value = 0; min and max ignore it.
    """CREATE TABLE metrics (
        run_id {int} NOT NULL, key_id {int} NOT NULL, experiment_id {int} NOT NULL,
        value {real} NOT NULL, nan {int} NOT NULL, step {int} NOT NULL, ts {int} NOT NULL,
        min_value {real}, min_step {int}, max_value {real}, max_step {int},
        PRIMARY KEY (run_id, key_id)) {clustered}""",
    "CREATE INDEX metrics_last ON metrics (experiment_id, key_id, nan, value, run_id)",
    # History: recent points as records in the order they came (see recent.py), older ones packed
    # into chunks by key (see history.py). A history is the union of both.
    """CREATE TABLE recent (
        run_id {int} NOT NULL, seq {int} NOT NULL, size {int} NOT NULL, data {blob} NOT NULL,
        PRIMARY KEY (run_id, seq)) {clustered}""",
    """CREATE TABLE chunks (
        run_id {int} NOT NULL, key_id {int} NOT NULL, first_step {int} NOT NULL,
        first_ts {int} NOT NULL, last_step {int} NOT NULL, last_ts {int} NOT NULL,
        in_time_order {int} NOT NULL, size {int} NOT NULL, data {blob} NOT NULL,
        PRIMARY KEY (run_id, key_id, first_step, first_ts))""",
    """CREATE TABLE params (
        run_id {int} NOT NULL, key_id {int} NOT NULL, experiment_id {int} NOT NULL,
        value {text} NOT NULL, PRIMARY KEY (run_id, key_id)) {clustered}""",
    "CREATE INDEX params_value ON params (experiment_id, key_id, {head:value}, run_id)",
    """CREATE TABLE tags (
        run_id {int} NOT NULL, key_id {int} NOT NULL, experiment_id {int} NOT NULL,
        value {text} NOT NULL, PRIMARY KEY (run_id, key_id)) {clustered}""",
    "CREATE INDEX tags_value ON tags (experiment_id, key_id, {head:value}, run_id)",
    """CREATE TABLE datasets (
        id {serial}, experiment_id {int} NOT NULL, name VARCHAR(500) NOT NULL,
        digest VARCHAR(36) NOT NULL, source_type VARCHAR(255) NOT NULL, source {text} NOT NULL,
        schema_text {text}, profile {text}, UNIQUE (experiment_id, name, digest))""",
    """CREATE TABLE run_datasets (
        run_id {int} NOT NULL, dataset_id {int} NOT NULL,
        PRIMARY KEY (run_id, dataset_id)) {clustered}""",
    "CREATE INDEX run_datasets_dataset ON run_datasets (dataset_id, run_id)",
    """CREATE TABLE run_dataset_tags (
        run_id {int} NOT NULL, dataset_id {int} NOT NULL, name VARCHAR(255) NOT NULL,
        value VARCHAR(500) NOT NULL, PRIMARY KEY (run_id, dataset_id, name)) {clustered}""",
    # role: 0 = the run read the logged model, 1 = the run wrote it
    """CREATE TABLE run_models (
        run_id {int} NOT NULL, role {int} NOT NULL, model_id VARCHAR(256) NOT NULL,
        step {int} NOT NULL, PRIMARY KEY (run_id, role, model_id)) {clustered}""",
    "CREATE INDEX run_models_model ON run_models (model_id, run_id)",
]
