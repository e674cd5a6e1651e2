"""The model registry, logged models, and webhooks.

A registered model counts the version numbers it has given out, so that none is given twice, even
after versions are deleted. What deletion and change take away stays readable in the history, which
is only ever added to.
"""

STATEMENTS = [
    # is_prompt follows the tag by which MLflow's clients mark prompts.
    """CREATE TABLE registered_models (
        id {serial}, name {code:256} NOT NULL UNIQUE, user_id VARCHAR(256) NOT NULL,
        description {text} NOT NULL, created {int} NOT NULL, updated {int} NOT NULL,
        last_version {int} NOT NULL, is_prompt {int} NOT NULL, needs_approval {int} NOT NULL)""",
    "CREATE INDEX registered_models_updated ON registered_models (updated DESC, name)",
    """CREATE TABLE registered_model_tags (
        model_id {int} NOT NULL, key_id {int} NOT NULL, value {text} NOT NULL,
        PRIMARY KEY (model_id, key_id)) {clustered}""",
    """CREATE INDEX registered_model_tags_value
        ON registered_model_tags (key_id, {head:value}, model_id)""",
    """CREATE TABLE registered_model_aliases (
        model_id {int} NOT NULL, alias {code:255} NOT NULL, version {int} NOT NULL,
        PRIMARY KEY (model_id, alias)) {clustered}""",
    "CREATE INDEX registered_model_aliases_version ON registered_model_aliases (model_id, version)",
    # source is what the client named, location where the files are.
    """CREATE TABLE model_versions (
        id {serial}, model_id {int} NOT NULL, version {int} NOT NULL,
        user_id VARCHAR(256) NOT NULL, stage {int} NOT NULL, description {text},
        created {int} NOT NULL, updated {int} NOT NULL, source VARCHAR(2048) NOT NULL,
        location VARCHAR(2048) NOT NULL, run_id VARCHAR(256) NOT NULL,
        run_link VARCHAR(2048) NOT NULL, logged_model VARCHAR(256) NOT NULL, status {int} NOT NULL,
        status_message {text}, is_prompt {int} NOT NULL, UNIQUE (model_id, version))""",
    "CREATE INDEX model_versions_stage ON model_versions (model_id, stage, version)",
    "CREATE INDEX model_versions_updated ON model_versions (updated DESC, model_id)",
    """CREATE INDEX model_versions_model_updated
        ON model_versions (model_id, updated DESC, version DESC)""",
    "CREATE INDEX model_versions_run ON model_versions (run_id)",
    "CREATE INDEX model_versions_logged_model ON model_versions (logged_model)",
    """CREATE TABLE model_version_tags (
        version_id {int} NOT NULL, key_id {int} NOT NULL, value {text} NOT NULL,
        PRIMARY KEY (version_id, key_id)) {clustered}""",
    """CREATE INDEX model_version_tags_value
        ON model_version_tags (key_id, {head:value}, version_id)""",
    # version 0 stands for the model itself.
    """CREATE TABLE registry_history (
        id {serial}, model_id {int} NOT NULL, model_name {code:256} NOT NULL,
        version {int} NOT NULL, at {int} NOT NULL, actor VARCHAR(256) NOT NULL,
        action VARCHAR(32) NOT NULL, subject VARCHAR(255) NOT NULL, old_value {text},
        new_value {text}, note {text} NOT NULL)""",
    "CREATE INDEX registry_history_model ON registry_history (model_id, id)",
    "CREATE INDEX registry_history_version ON registry_history (model_id, version, id)",
    "CREATE INDEX registry_history_name ON registry_history (model_name, id)",
    """CREATE TABLE transition_requests (
        id {serial}, model_id {int} NOT NULL, version {int} NOT NULL, stage {int} NOT NULL,
        archive_existing {int} NOT NULL, state {int} NOT NULL, requested_by VARCHAR(256) NOT NULL,
        requested {int} NOT NULL, request_note {text} NOT NULL, decided_by VARCHAR(256) NOT NULL,
        decided {int}, decision_note {text} NOT NULL)""",
    "CREATE INDEX transition_requests_model ON transition_requests (model_id, version, id)",
    "CREATE INDEX transition_requests_state ON transition_requests (model_id, state, id)",
    """CREATE TABLE logged_models (
        id {serial}, uuid VARCHAR(64) NOT NULL UNIQUE, experiment_id {int} NOT NULL,
        name VARCHAR(500) NOT NULL, model_type VARCHAR(500) NOT NULL,
        source_run VARCHAR(256) NOT NULL, artifact_uri VARCHAR(2048) NOT NULL,
        status {int} NOT NULL, status_message {text}, created {int} NOT NULL,
        updated {int} NOT NULL, lifecycle {int} NOT NULL, deleted {int})""",
    """CREATE INDEX logged_models_newest
        ON logged_models (experiment_id, lifecycle, created DESC, uuid)""",
    """CREATE INDEX logged_models_name
        ON logged_models (experiment_id, name, lifecycle, created DESC, uuid)""",
    "CREATE INDEX logged_models_run ON logged_models (source_run)",
    """CREATE TABLE logged_model_params (
        model_id {int} NOT NULL, key_id {int} NOT NULL, value {text} NOT NULL,
        PRIMARY KEY (model_id, key_id)) {clustered}""",
    """CREATE TABLE logged_model_tags (
        model_id {int} NOT NULL, key_id {int} NOT NULL, value {text} NOT NULL,
        PRIMARY KEY (model_id, key_id)) {clustered}""",
    """CREATE TABLE logged_model_datasets (
        id {serial}, name VARCHAR(500) NOT NULL, digest VARCHAR(36) NOT NULL,
        UNIQUE (name, digest))""",
    # Every measured point of a model; dataset_id 0 where no data set was told.
    """CREATE TABLE logged_model_metrics (
        model_id {int} NOT NULL, key_id {int} NOT NULL, ts {int} NOT NULL, step {int} NOT NULL,
        run_id {int} NOT NULL, value {real} NOT NULL, nan {int} NOT NULL,
        dataset_id {int} NOT NULL,
        PRIMARY KEY (model_id, key_id, ts, step, run_id)) {clustered}""",
    "CREATE INDEX logged_model_metrics_run ON logged_model_metrics (run_id, model_id)",
    """CREATE TABLE webhooks (
        id {serial}, uuid VARCHAR(36) NOT NULL UNIQUE, name VARCHAR(256) NOT NULL,
        description {text}, url VARCHAR(2048) NOT NULL, events {text} NOT NULL, secret {text},
        status {int} NOT NULL, created {int} NOT NULL, updated {int} NOT NULL)""",
    # The outbox and the delivery log in one: what waits is state 0.
    """CREATE TABLE webhook_deliveries (
        id {serial}, uuid VARCHAR(36) NOT NULL UNIQUE, webhook_id {int} NOT NULL,
        event VARCHAR(64) NOT NULL, body {text} NOT NULL, created {int} NOT NULL,
        state {int} NOT NULL, attempts {int} NOT NULL, due {int} NOT NULL, finished {int},
        reply_status {int}, reply_text {text} NOT NULL)""",
    "CREATE INDEX webhook_deliveries_due ON webhook_deliveries (state, due, id)",
    "CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, id)",
    "CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (state, finished)",
    # Who of several servers does a job at the moment, until when (milliseconds).
    """CREATE TABLE leases (
        name VARCHAR(64) NOT NULL PRIMARY KEY, holder VARCHAR(64) NOT NULL, until {int} NOT NULL)
        {clustered}""",
    "CREATE INDEX datasets_name ON datasets (name, digest)",
]
