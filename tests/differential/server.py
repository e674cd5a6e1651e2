"""What the server says about itself."""

from __future__ import annotations

from tests.differential.pair import Call

CASES: dict[str, list[Call]] = {
    "health": [Call("GET", "/health"), Call("HEAD", "/health"), Call("POST", "/health")],
    "version": [Call("GET", "/version")],
    "server info": [
        Call("GET", "/api/3.0/mlflow/server-info"),
        Call("GET", "/ajax-api/3.0/mlflow/server-info"),
        Call("GET", "/api/2.0/mlflow/server-info"),
    ],
    "hosts": [
        Call("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"host": host})
        for host in ("localhost", "127.0.0.1:80", "[::1]:5000", "10.1.2.3", "192.168.0.9:1",
                     "172.16.0.1", "172.32.0.1", "evil.example", "0.0.0.0", "8.8.8.8",
                     "localhost.evil.example", "127.0.0.1.evil.example")
    ],
    "hosts at health": [
        Call("GET", path, headers={"host": "evil.example"}) for path in ("/health", "/version")
    ],
    "origins": [
        Call("POST", "experiments/search", {"max_results": 1, "filter": "name = 'none'"},
             headers={"origin": origin})
        for origin in ("http://localhost:3000", "http://127.0.0.1", "http://evil.example", "null",
                       "https://localhost.evil.example", "http://[::1]:5")
    ],
    "origins of reads": [
        Call("GET", "experiments/get?experiment_id=0", headers={"origin": "http://evil.example"}),
    ],
    "options": [
        Call("OPTIONS", "experiments/search"),
        Call("OPTIONS", "experiments/search",
             headers={"origin": "http://localhost:3000", "access-control-request-method": "POST"}),
        Call("OPTIONS", "experiments/search",
             headers={"origin": "http://evil.example", "access-control-request-method": "POST"}),
    ],
}  # fmt: skip
