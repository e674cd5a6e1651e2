"""The real programs that the tests run against, as pytest fixtures.

A part starts when the first test asks for it, listens on loopback on a free port, keeps its data
in a folder of its own, and is stopped at the end of the session (of each worker, under xdist).

store_uri
    URI of a fresh, empty database; the test runs on SQLite, PostgreSQL and MariaDB.
postgres_uri(), mariadb_uri()
    Each call gives the URI of a fresh, empty database on a real, durable server.
milepost_server(uri=None, *flags, env=None)
    Each call starts `milepost server` (on SQLite if no URI is given) and returns it with `.url`,
    `.process`, `.log`, `.data`, `.kill()`, `.start()` (again, same data and port), `.stop()`.
    What still runs after the test is stopped and must exit with 0.
milepost_url
    Base URL of one server on SQLite that all tests share: name things uniquely.
mlflow_client
    A real MLflow client; the test runs with 2.9.2 and with 3.17.2. `.run(script, url, *args)`
    runs a script file against a server and returns the JSON it printed on its last line.
mlflow_client_of(version)
    The same for one version.
mlflow_server
    Base URL of a real MLflow 3.17.2 server, for comparisons.
s3, s3_bucket
    An S3 server (`.endpoint`, `.access_key`, `.secret_key`), the name of a fresh bucket on it.
gcs_emulator, azure_emulator
    Emulators of Google's and Azure's stores (`.environment`, `.create_bucket()`,
    `.create_container()`).
nginx(block)
    nginx with a certificate and a user, its server block being what `block(nginx)` returns.
browser
    A headless Chromium (playwright's synchronous Browser).

What a machine lacks is installed if it may be, else the test is skipped with the line to run:
`need.py` is the one place that decides.
"""
