"""Every block and every command line of the guides has a test that runs it, named here."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.seeds import guides

INSTEAD = {
    "nself": "a wrapper around containers; its service commands are `milepost COMMAND`, and what it"
    " runs in a container (psql, mc, curl, python) is run as it stands there",
    "mlflow": "`mlflow server` is `milepost server`",
    "docker": "needs a container engine; what it tells of the server is asked of the server",
    "docker-compose": "reads the file here; what `up` starts is started, the rest as docker",
    "kubectl": "needs a cluster; what it applies is validated and started, the rest as docker",
    "mc": "no package holds it; the AWS command line sends the same requests",
}
"""Programs of the guides that are not run themselves, and what is run in their place, and why."""

AS_THEY_STAND = {"aws", "curl", "grep", "lsof", "pg_dump", "psql"}
"""Programs that are run themselves."""

COVERED = {
    "test_blocks_run.py::test_the_complete_configuration": [
        "configuration, Complete MLflow Configuration: yaml",
    ],
    "test_blocks_run.py::test_a_client_configured_by_the_file": [
        "configuration, 1. Tracking URI (Client Configuration): yaml",
        "configuration, 1. Tracking URI (Client Configuration): python",
    ],
    "test_blocks_run.py::test_blocks_for_training_machines": [
        "configuration, 2. Environment Variables (Auto-pickup): yaml",
        "configuration, Scenario 3: Production (Managed Service): yaml",
        "configuration, Best Practices: yaml 3",
    ],
    "test_blocks_run.py::test_flags_taken_from_the_file_by_yq": [
        "configuration, 3. CLI Configuration: yaml",
        (
            "configuration: mlflow server --backend-store-uri $(yq .cli.backend_store_uri"
            " settings.yaml) --default-artifact-root $(yq .cli.artifact_root settings.yaml)"
        ),
    ],
    "test_blocks_run.py::test_server_and_cli_blocks": [
        "configuration, 4. Server Configuration (Full Setup): yaml",
    ],
    "test_blocks_run.py::test_the_database_service": [
        "configuration, Integration with Database Service: yaml",
    ],
    "test_blocks_run.py::test_the_local_scenario": [
        "configuration, Scenario 1: Local Development: yaml",
    ],
    "test_blocks_run.py::test_the_team_scenario": [
        "configuration, Scenario 2: Team Server (PostgreSQL + S3): yaml",
    ],
    "test_blocks_run.py::test_the_hybrid_scenario": [
        "configuration, Scenario 4: Hybrid (Local Tracking, Remote Storage): yaml",
    ],
    "test_small_blocks.py::test_troubles": [
        'configuration, Issue: "Could not connect to tracking server": yaml',
        'configuration, Issue: "Cannot write artifacts": yaml',
        'configuration, Issue: "Database connection failed": yaml',
        'configuration, Issue: "Experiments not persisting": yaml',
    ],
    "test_small_blocks.py::test_the_pool_and_a_folder_for_each_project": [
        "configuration, Best Practices: yaml",
        "configuration, Best Practices: yaml 2",
    ],
    "test_small_blocks.py::test_an_alert_as_a_rule_of_prometheus": [
        "configuration, Telemetry Best Practices: yaml",
    ],
    "../e2e/test_metrics.py::test_prometheus_scrapes_all_workers_as_one": [
        "setup, 8.2 Metrics (Prometheus): yaml",
    ],
    "test_blocks_run.py::test_telemetry_and_timeouts": [
        "configuration, Telemetry Settings: yaml",
        "configuration, Timeout Guidance: yaml",
        "configuration, Telemetry Best Practices: yaml 2",
    ],
    "test_blocks_run.py::test_a_program_that_turns_the_file_into_flags": [
        "configuration, Using Configuration:: python",
    ],
    "test_blocks_run.py::test_the_table_of_variables": [
        "nself, Complete Configuration Reference: bash",
    ],
    "test_commands.py::test_server_with_all_settings": [
        (
            "configuration: mlflow server --backend-store-uri"
            " postgresql://mlflow:pass@localhost/mlflow_db --default-artifact-root"
            " s3://mlflow-artifacts/ --host 0.0.0.0 --port 5000 --serve-artifacts --workers 4"
        ),
    ],
    "test_passwords.py::test_a_password_from_an_env_file": [
        "nself, Staging: bash",
        "nself, Production: bash",
        "nself, Authentication: bash",
    ],
    "test_passwords.py::test_the_client_that_knows_it": ["nself, Authentication: python"],
    "test_programs.py::test_the_programs": [
        "airflow, Example: Python API: python",
        "configuration, Telemetry Best Practices: python",
        "nself, Python (MLflow SDK): python",
        "nself, Tracking with PyTorch: python",
        "nself, Tracking with TensorFlow/Keras: python",
        "nself, Registering a Model: python",
        "nself, Loading a Registered Model: python",
        "nself, Using MLflow with nself Custom Services: python",
        (
            'nself: nself exec mlflow python -c " import mlflow '
            "mlflow.set_tracking_uri('http://localhost:5000') print(mlflow.search_experiments()) \""
        ),
        "platform, MLFlow Client Library: python",
        "setup, 5.2 Python Configuration: python",
    ],
    "test_variables.py::test_a_small_env_file_is_enough": [
        "nself, Basic Setup: bash",
        "nself, Development: bash",
        "nself, Using MLflow with nself Custom Services: bash",
    ],
    "test_variables.py::test_what_grep_finds_is_what_counts": [
        "nself: grep MLFLOW_ENABLED .env",
        "nself: grep MINIO_ROOT .env",
        "nself: grep MLFLOW_ARTIFACTS .env",
        "nself: grep MLFLOW_DB .env",
    ],
    "test_variables.py::test_more_workers_and_what_they_take": [
        "nself: MLFLOW_WORKERS=4",
        "nself: docker stats $(docker ps -q --filter name=mlflow)",
        "nself: lsof -i :5000",
    ],
    "test_variables.py::test_a_restart": ["nself: nself restart mlflow"],
    "test_deployments.py::test_the_compose_file": [
        "setup, 3.1 Docker Compose Template: yaml",
        "setup, 3.2 Environment Variables: bash",
        "setup: docker-compose up -d",
        "setup: docker-compose ps",
        "setup: docker-compose logs -f mlflow",
        "setup: docker-compose down",
        "setup, 5.1 Environment Variables: bash",
        "airflow: docker ps",
    ],
    "test_deployments.py::test_the_values_of_a_chart": [
        "setup, 4.1 Helm Values Template: yaml",
        "platform: kubectl apply -f k8s/compute/mlflow/",
        "platform: kubectl get all -n data-platform -l app=mlflow",
        "platform: kubectl logs -n data-platform -l app=mlflow",
    ],
    "test_proxy.py::test_the_server_behind_nginx": [
        "setup, 6.2 Example Nginx Config: nginx",
        "nself: nself build --force && nself restart nginx",
    ],
    "test_storage_commands.py::test_a_database_made_by_the_guide": [
        "nself, Database Setup: sql",
        'nself: nself exec postgres psql -U postgres -c "\\l" | grep mlflow',
        'nself: nself exec postgres psql -U postgres -c "CREATE DATABASE mlflow;"',
        'setup: psql -h postgres -U mlflow -d mlflow -c "SELECT 1"',
    ],
    "test_storage_commands.py::test_the_bucket_is_listed_and_copied_by_the_stores_own_tools": [
        (
            "setup: aws s3 sync s3://mlflow-artefacts s3://mlflow-artefacts-backup"
            " --endpoint-url http://minio:9000"
        ),
        "setup: aws s3 ls s3://mlflow-artefacts --endpoint-url http://minio:9000",
        "setup: mc mirror myminio/mlflow-artefacts backup/mlflow-artefacts",
        "nself: nself exec minio mc ls local/mlflow-artifacts",
        "nself: nself exec minio mc mirror local/mlflow-artifacts /tmp/mlflow-artifacts-backup",
        "nself: nself exec mlflow curl -s http://minio:9000/minio/health/live",
    ],
    "test_commands.py::test_the_databases_own_dump": [
        "setup: pg_dump -h postgres -U mlflow mlflow > mlflow_backup.sql",
        "setup: psql -h postgres -U mlflow mlflow < mlflow_backup.sql",
        "nself: nself db dump --database mlflow --output mlflow-backup.sql",
        "nself: nself db restore --database mlflow --input mlflow-backup.sql",
    ],
    "test_commands.py::test_status": ["nself: nself service mlflow status", "nself: nself status"],
    "test_commands.py::test_info_and_urls": [
        "nself: nself service mlflow info",
        "nself: nself urls",
    ],
    "test_commands.py::test_experiments": ["nself: nself service mlflow experiments"],
    "test_commands.py::test_models": ["nself: nself service mlflow models"],
    "test_commands.py::test_open": ["nself: nself service mlflow open"],
    "test_commands.py::test_gc": ["nself: nself service mlflow gc"],
    "test_commands.py::test_logs": [
        "nself: nself service mlflow logs",
        "nself: nself logs mlflow",
        "setup: docker logs mlflow --tail 100",
    ],
    "test_commands.py::test_logs_follow": ["nself: nself logs mlflow --follow"],
    "test_commands.py::test_export": [
        'nself: nself service mlflow export --experiment "my-experiment" --output ./export/',
    ],
    "test_commands.py::test_version": ["nself: nself exec mlflow mlflow --version"],
    "test_commands.py::test_doctor": [
        "nself: nself doctor",
        "nself: nself status postgres",
        "nself: nself status minio",
    ],
    "test_commands.py::test_backup_and_restore_by_name": [
        "nself: nself backup create --include mlflow",
        "nself: nself backup restore --include mlflow --from backup-2026-01-15.tar.gz",
    ],
    "test_commands.py::test_health": [
        "setup: curl http://mlflow:5000/health",
        "nself: nself health mlflow",
        "platform: curl http://mlflow.data-platform.svc.cluster.local:5000/health",
    ],
    "test_commands.py::test_rest_api": [
        "nself: curl http://localhost:5000/api/2.0/mlflow/experiments/list",
        (
            "nself: curl -X POST http://localhost:5000/api/2.0/mlflow/runs/search -H 'Content-Type:"
            ' application/json\' -d \'{ "experiment_ids": ["1"], "filter": "metrics.accuracy >'
            ' 0.9", "max_results": 10, "order_by": ["metrics.accuracy DESC"] }\''
        ),
        "nself: curl http://localhost:5000/api/2.0/mlflow/runs/get?run_id=abc123",
        "nself: curl http://localhost:5000/api/2.0/mlflow/registered-models/list",
        (
            "nself: curl"
            " http://localhost:5000/api/2.0/mlflow/model-versions/get?name=my-model&version=1"
        ),
    ],
    "test_commands.py::test_the_first_page": ["nself: curl -s http://localhost:5000/"],
}
"""Test: what it runs, with other host names and secrets."""


def test_everything_in_the_guides_is_run() -> None:
    wanted = {item for block in guides.read() for item in block.items()}
    covered = [item for items in COVERED.values() for item in items]
    assert set(covered) == wanted
    assert len(covered) == len(set(covered))


def test_the_tests_are_there() -> None:
    here = Path(__file__).parent
    for test in COVERED:
        file, _, name = test.partition("::")
        defined = ast.parse((here / file).read_text()).body
        assert any(isinstance(d, ast.FunctionDef) and d.name == name for d in defined), test


def test_what_is_not_run_itself_is_said() -> None:
    lines = [
        line
        for block in guides.read() if block.language == "bash"
        for line in guides.commands(block.text)
        if line.split()[0] != "export" and "=" not in line.split()[0]
    ]  # fmt: skip
    programs = {line.split()[0] for line in lines}
    programs |= {line.split()[3] for line in lines if line.startswith("nself exec minio")}
    assert programs == INSTEAD.keys() | AS_THEY_STAND
