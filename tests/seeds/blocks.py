"""The blocks of configuration in the guides that MLflow's users follow, as they stand there."""

from __future__ import annotations

COMPLETE = """
mlflow:
  # 1. TRACKING - Where MLflow clients connect
  tracking_uri: http://localhost:5000  # Can be HTTP, database URI, or file://

  # 2. BACKEND STORE - Metadata storage (experiments, runs, parameters)
  backend_store_uri: postgresql://mlflow_user:pass@host:5432/mlflow_db

  # 3. ARTIFACT STORE - Model/file storage
  artifact_store: s3://nsc-mvp1/onboarding-test/mlflow/

  # 4. SERVER CONFIGURATION - MLflow UI/API server
  server:
    host: 0.0.0.0
    port: 5000
    workers: 4  # Number of gunicorn workers
    static_prefix: /mlflow  # URL prefix for UI
    serve_artifacts: true  # Serve artifacts through tracking server

  # 5. EXPERIMENT SETTINGS
  default_experiment: "Default"
  experiment_name: "my-project"

  # 6. AUTHENTICATION (if enabled)
  auth:
    enabled: false
    database_uri: postgresql://mlflow_auth:pass@host/mlflow_auth
    admin_username: admin
    admin_password: ${MLFLOW_ADMIN_PASSWORD}

  # 7. INTEGRATION SETTINGS (from your config)
  integration_config:
    circuit_breaker: true       # Prevent cascade failures
    health_monitoring: true     # Monitor MLflow health
    metrics_collection: true    # Collect performance metrics
    pool_client_name: mlflow_integration
    use_shared_pool: true      # Share connection pool

  # 8. MODEL REGISTRY
  registry:
    enabled: true
    backend_store: ${backend_store_uri}  # Usually same as tracking

  # 9. MODEL SERVING/GATEWAY
  gateway:
    enabled: false
    uri: http://localhost:5001
    routes:
      - name: sentiment-analysis
        model_uri: models:/sentiment/production
      - name: fraud-detection
        model_uri: s3://models/fraud/latest
"""
CLIENT = """
# For MLflow clients to connect
mlflow:
  tracking_uri: http://localhost:5000
  experiment_name: "demo_experiment"
"""
ENVIRONMENT = """
# Export as environment variables
environment:
  MLFLOW_TRACKING_URI: http://localhost:5000
  MLFLOW_EXPERIMENT_NAME: demo_experiment
  MLFLOW_S3_ENDPOINT_URL: https://s3.amazonaws.com
  AWS_ACCESS_KEY_ID: ${AWS_ACCESS_KEY_ID}
  AWS_SECRET_ACCESS_KEY: ${AWS_SECRET_ACCESS_KEY}
"""
CLI = """
# For MLflow CLI commands
cli:
  tracking_uri: http://localhost:5000
  backend_store_uri: postgresql://user:pass@host/mlflow_db
  artifact_root: s3://bucket/path
"""
SERVER = """
# Complete server setup with PostgreSQL + S3
server:
  backend_store_uri: postgresql+psycopg2://mlflow:pass@host:5432/mlflow_db
  default_artifact_root: s3://mlflow-artifacts/
  host: 0.0.0.0
  port: 5000
  serve_artifacts: true
  workers: 4
"""
DATABASES = """
databases:
  # MLflow can use its own database settings
  postgres_mlflow:
    host: ${MLFLOW_DB_HOST:-localhost}
    port: ${MLFLOW_DB_PORT:-5432}
    database: mlflow_db
    username: mlflow_user
    password: ${MLFLOW_DB_PASSWORD}

mlflow:
  # Backend store built from postgres_mlflow
  backend_store_uri: postgresql://${databases.postgres_mlflow.username}:${databases.postgres_mlflow.password}@${databases.postgres_mlflow.host}:${databases.postgres_mlflow.port}/${databases.postgres_mlflow.database}
"""
POOL = """
  # Or use the managed connection pool
  backend_store_uri: <<MANAGED_BY_CONNECTION_POOL>>
"""
LOCAL = """
mlflow:
  tracking_uri: ./mlruns  # Local file storage
  backend_store_uri: sqlite:///mlflow.db
  artifact_store: ./mlflow-artifacts
"""
TEAM = """
mlflow:
  tracking_uri: http://mlflow.team.internal:5000
  backend_store_uri: postgresql://mlflow:pass@db.internal/mlflow
  artifact_store: s3://team-mlflow/artifacts/
"""
MANAGED = """
mlflow:
  tracking_uri: https://mlflow.company.com
  # Backend and artifacts managed by platform
"""
HYBRID = """
mlflow:
  tracking_uri: http://localhost:5000
  backend_store_uri: postgresql://mlflow:pass@remote-db/mlflow
  artifact_store: s3://mlflow-artifacts/
"""
UNREACHABLE = """
# Check tracking_uri is accessible
mlflow:
  tracking_uri: http://localhost:5000  # Is server running?
"""
UNWRITABLE = """
# Check S3 permissions and credentials
mlflow:
  artifact_store: s3://bucket/path/  # Do you have write access?
environment:
  AWS_ACCESS_KEY_ID: your-key
  AWS_SECRET_ACCESS_KEY: your-secret
"""
DATABASE_FAILED = """
# Verify PostgreSQL is accessible
mlflow:
  backend_store_uri: postgresql://user:pass@host:5432/mlflow_db
  # Test: psql -U user -h host -d mlflow_db
"""
NOT_PERSISTING = """
# Using file:// ? Switch to database
mlflow:
  backend_store_uri: postgresql://...  # Not sqlite or file://
"""
TELEMETRY = """
mlflow:
  telemetry:
    enabled: true
    collection_interval: 60  # seconds
    metrics_to_collect:
      - request_latency
      - model_inference_time
      - artifact_upload_time
      - database_query_time

    # Send telemetry to observability platform
    export_to:
      datadog: ${DATADOG_ENABLED:-false}
      prometheus: ${PROMETHEUS_ENABLED:-true}
      cloudwatch: ${CLOUDWATCH_ENABLED:-false}

    # Performance thresholds for alerts
    thresholds:
      slow_query_ms: 1000
      slow_artifact_upload_s: 30
      slow_model_load_s: 60
"""
TIMEOUTS = """
mlflow:
  timeouts:
    # Client-side timeouts
    client:
      connect_timeout: 10  # seconds to establish connection
      read_timeout: 300    # seconds to read response (5 min for large models)
      write_timeout: 300   # seconds to write request

    # Server-side timeouts
    server:
      request_timeout: 600     # 10 minutes for long operations
      artifact_timeout: 1800   # 30 minutes for large artifact uploads
      query_timeout: 30        # 30 seconds for database queries

    # Integration timeouts
    integration_config:
      circuit_breaker_timeout: 5    # Trip after 5 seconds
      health_check_timeout: 2       # Health check must respond in 2s
      pool_acquisition_timeout: 10  # Max time to get connection from pool
"""
ALERTS = """
alerts:
  - name: mlflow_slow_response
    condition: response_time > 5000ms
    action: notify_oncall
"""
BREAKER = """
circuit_breaker:
  failure_threshold: 5      # Failures before opening
  timeout: 5000             # ms before considering failure
  reset_timeout: 60000      # ms before trying again
  telemetry:
    log_state_changes: true
    export_metrics: true
"""
ORGANIZED = "artifact_store: s3://mlflow/${ENVIRONMENT}/${PROJECT}/"
ENVIRONMENTS = """
development:
  tracking_uri: http://localhost:5000
production:
  tracking_uri: https://mlflow.company.com
"""

VARIABLES = {
    "MLFLOW_ADMIN_PASSWORD": "hush",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "MLFLOW_DB_PASSWORD": "p@ss/word",
}
"""What the blocks fill in from the environment."""

REFERENCE = {
    "MLFLOW_ENABLED": "true",
    "MLFLOW_VERSION": "2.9.2",
    "MLFLOW_PORT": "5000",
    "MLFLOW_ROUTE": "mlflow",
    "MLFLOW_DB_NAME": "mlflow",
    "MLFLOW_DB_USER": "mlflow",
    "MLFLOW_DB_PASSWORD": "",
    "MLFLOW_ARTIFACTS_BUCKET": "mlflow-artifacts",
    "MLFLOW_ARTIFACTS_ROOT": "s3://mlflow-artifacts",
    "MLFLOW_WORKERS": "2",
    "MLFLOW_DEFAULT_ARTIFACT_ROOT": "",
    "MLFLOW_SERVE_ARTIFACTS": "true",
    "MLFLOW_AUTH_ENABLED": "false",
    "MLFLOW_AUTH_USERNAME": "admin",
    "MLFLOW_AUTH_PASSWORD": "",
    "MLFLOW_GC_ENABLED": "true",
    "MLFLOW_GC_SCHEDULE": "0 3 * * 0",
}
"""The table of variables of a deployment."""
