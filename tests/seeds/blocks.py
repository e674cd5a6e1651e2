"""The blocks of the guides that configure something, by what the tests call them."""

from __future__ import annotations

from tests.seeds.guides import block, variables

COMPLETE = block("configuration, Complete MLflow Configuration: yaml")
CLIENT = block("configuration, 1. Tracking URI (Client Configuration): yaml")
ENVIRONMENT = block("configuration, 2. Environment Variables (Auto-pickup): yaml")
CLI = block("configuration, 3. CLI Configuration: yaml")
SERVER = block("configuration, 4. Server Configuration (Full Setup): yaml")
POOL = block("configuration, Integration with Database Service: yaml")
"""Gives the database twice: by its parts, then by the pool."""
DATABASES = POOL.partition("\n  # Or use")[0]
LOCAL = block("configuration, Scenario 1: Local Development: yaml")
TEAM = block("configuration, Scenario 2: Team Server (PostgreSQL + S3): yaml")
MANAGED = block("configuration, Scenario 3: Production (Managed Service): yaml")
HYBRID = block("configuration, Scenario 4: Hybrid (Local Tracking, Remote Storage): yaml")
UNREACHABLE = block('configuration, Issue: "Could not connect to tracking server": yaml')
UNWRITABLE = block('configuration, Issue: "Cannot write artifacts": yaml')
DATABASE_FAILED = block('configuration, Issue: "Database connection failed": yaml')
NOT_PERSISTING = block('configuration, Issue: "Experiments not persisting": yaml')
TELEMETRY = block("configuration, Telemetry Settings: yaml")
TIMEOUTS = block("configuration, Timeout Guidance: yaml")
ALERTS = block("configuration, Telemetry Best Practices: yaml")
BREAKER = block("configuration, Telemetry Best Practices: yaml 2")
POOLED = block("configuration, Best Practices: yaml")
ORGANIZED = block("configuration, Best Practices: yaml 2")
ENVIRONMENTS = block("configuration, Best Practices: yaml 3")

VARIABLES = {
    "MLFLOW_ADMIN_PASSWORD": "hush",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "MLFLOW_DB_PASSWORD": "p@ss/word",
}
"""What the blocks fill in from the environment."""

REFERENCE = variables(block("nself, Complete Configuration Reference: bash"))
"""The table of variables of a deployment."""
