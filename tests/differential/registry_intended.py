"""Where the registry means to differ from MLflow's, each with a reason."""

from __future__ import annotations

Outcome = int | tuple[int, object]

REFUSED = (400, "INVALID_PARAMETER_VALUE")

MISSING = (404, "RESOURCE_DOES_NOT_EXIST")

BY_REASON: dict[str, dict[str, dict[int, Outcome]]] = {
    "MLflow answers 500 to a mistake of the caller, which makes its clients try for minutes what"
    " can never succeed.": {
        "registry: get versions": {9: REFUSED},
        "registry: archiving what is in no active stage": {2: REFUSED, 3: REFUSED},
        "registry: sources from the registry": {9: MISSING},
        "logged models: search badly": {4: REFUSED},
        "logged models: search for an unknown attribute": {0: REFUSED},
        "logged models: a version of a logged model that is not there": {1: MISSING},
        "webhooks: an unknown event": {0: REFUSED, 1: REFUSED},
    },
    "MLflow passes on an error text of its database.": {
        "logged models: create with one key twice": {0: REFUSED},
        "logged models: params again": {1: REFUSED, 2: REFUSED},
    },
    "Of one thing given twice the last counts.": {
        "logged models: create with one tag twice": {0: 200},
        "webhooks: one event twice": {0: 200},
    },
    "A request is stored whole or not at all; MLflow keeps the run's part.": {
        "logged models: metrics of no model": {0: REFUSED, 1: REFUSED, 2: 200},
    },
    "MLflow keeps the NaN of a logged model as 0.": {"logged models: metrics": {6: 200}},
    "A limit holds on every database alike; MLflow's SQLite has none.": {
        "registry: a long name": {1: REFUSED},
    },
    "What is in the trash is not changed.": {
        "logged models: change what is deleted": {2: MISSING, 3: MISSING},
    },
    "A state that is not known is a mistake, not a state.": {
        "logged models: finalize as nothing": {1: REFUSED, 2: REFUSED},
    },
    "Another method is what is wrong, not a model of that name.": {
        "logged models: get": {3: (405, "text")},
    },
    "A page token is the server's own affair.": {"logged models: search in pages": {8: 200}},
    "The search language is larger.": {
        "registry: search wider than MLflow": {7: 200, 8: 200, 9: 200},
    },
}

INTENDED = {case: calls for cases in BY_REASON.values() for case, calls in cases.items()}
"""Case -> {number of the call: Milepost's outcome}."""
