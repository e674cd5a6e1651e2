"""Where Milepost means to differ from MLflow: all that the cases show, each with a reason."""

from __future__ import annotations

Outcome = int | tuple[int, object]
"""The status of Milepost's answer, for an error with its code."""

REFUSED = (400, "INVALID_PARAMETER_VALUE")

BY_REASON: dict[str, dict[str, dict[int, Outcome]]] = {
    "MLflow stores the half of a request that came before what it cannot read, and drops the rest"
    " without a word; Milepost refuses the request and changes nothing.": {
        "runs: create with wrong types": dict.fromkeys((1, 3, 4, 5, 6, 7, 8), REFUSED),
        "runs: a metric with a step that is no whole number": {0: REFUSED, 1: 200},
        "runs: a metric with a step out of range": {0: REFUSED, 1: 200},
        "runs: a bare NaN": {0: REFUSED, 1: 200},
        "runs: batch with a value that is no number": {0: REFUSED},
        "runs: inputs badly": {4: REFUSED, 10: REFUSED},
        "runs: outputs badly": {5: REFUSED},
        "metrics: history badly": {4: REFUSED, 5: REFUSED},
        "search: no experiments": {4: REFUSED},
        "search: every view": {7: REFUSED},
        "encoding: a number too large": {1: 200},  # an infinity, like "Infinity"
    },
    "MLflow answers 500 to a mistake of the caller, which makes its clients try for minutes what"
    " can never succeed.": {
        "experiments: a deleted one is not renamed": {2: (400, "INVALID_STATE")},
        "runs: metrics badly": {10: REFUSED},
        "runs: batch with one bad item": {14: REFUSED},
        "metrics: bulk with a limit that is no number": {0: REFUSED},
        "search: one key twice in the order": {0: REFUSED},
        "encoding: null counts as absent": {1: 200},
        "encoding: bodies that are no objects": dict.fromkeys((0, 1, 3, 4), REFUSED),
    },
    "MLflow passes on an error text of its database.": {
        "experiments: rename to a taken name": {2: (400, "RESOURCE_ALREADY_EXISTS")},
        "runs: create in no experiment": {0: REFUSED, 4: REFUSED, 5: REFUSED},
    },
    "Of one key given twice the last counts, when something is created as ever after.": {
        "experiments: create with one tag twice": {0: 200},
        "runs: create with one tag twice": {0: 200},
        "runs: create with an empty name": {1: 200},
    },
    "MLflow reads camelCase but looks for required fields in snake_case only.": {
        "experiments: rename": {4: 200, 5: 200},
        "runs: update": {5: 200, 6: 200},
        "runs: batch in camelCase": {0: 200, 1: 200},
        "encoding: camelCase everywhere": {2: 200, 3: 200},
    },
    "The missing run_id is what is wrong, not a run whose id is empty; an empty one is missing.": {
        "runs: delete and restore badly": {2: REFUSED},
        "runs: delete tags badly": {4: REFUSED},
        "encoding: run ids under both names": {2: 200, 3: 200},
    },
    "An artifact location is a plain place: no way up, no parameters.": {
        "experiments: create at forbidden places": {7: REFUSED},
        "experiments: create at unusual places": {0: REFUSED},
        "experiments: create at a place that climbs": {0: REFUSED, 1: REFUSED},
    },
    "A limit holds wherever the text comes in, on every database alike.": {
        "runs: create with bad tags": {2: REFUSED},
        "runs: create with a long tag": {0: 200},  # cut, as set-tag does
        "runs: params badly": {17: REFUSED},  # a line break at the end of a key
    },
    "One shape of an error for every route, also where MLflow's come from its web frameworks.": {
        "artifacts: that are not there": {5: REFUSED, 6: REFUSED},
        "artifacts: without a name": {0: REFUSED},
        "artifacts: of a logged model": {6: REFUSED},
    },
    "A path names one file, and the same one on every system.": {
        "artifacts: with names for one system only": dict.fromkeys(range(15), REFUSED),
    },
    "All routes answer under all roots.": {
        "encoding: unknown routes": {6: REFUSED, 8: REFUSED},  # as under 1.x
        "experiments: create under the other roots": {1: 200, 2: 200},
        "metrics: bulk is for pages only": {0: 200},
    },
    "The search language is larger.": {
        "search: filter 'metrics.m/n = 5'": {0: 200},
        "search: order by ['`Run Name` ASC']": {0: 200},
    },
    "A key twice in an order is a mistake in a search for experiments too.": {
        "search: experiments in order": {14: REFUSED},
    },
    "A run asked for twice is answered once.": {"metrics: samples of several runs": {4: 200}},
    "A media type is read in any case, as HTTP has it.": {"encoding: content types": {5: 200}},
    "Milepost has no gateway.": {"server: server info": {0: 200, 1: 200}},
}

INTENDED = {case: calls for cases in BY_REASON.values() for case, calls in cases.items()}
"""Case -> {number of the call: Milepost's outcome}."""
