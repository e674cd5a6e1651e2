"""The verbs of tracking. Each takes the transaction it runs in; one verb is one transaction."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from milepost.domain import tracking as rules
from milepost.domain.names import random_name
from milepost.domain.tracking import (
    RUN_NAME_TAG,
    Batch,
    DatasetInput,
    Experiment,
    Lifecycle,
    ModelOutput,
    NewRun,
    Run,
    RunStatus,
    RunUpdate,
    Tag,
    last_tags,
)
from milepost.errors import Conflict, Exists, Invalid, NotFound, Problem
from milepost.services.locations import Locations
from milepost.store import batch as hot
from milepost.store import experiments, runs
from milepost.store.batch import writable
from milepost.store.experiments import Parent
from milepost.store.folding import Folder
from milepost.store.runs import HeldRun
from milepost.store.tx import Tx

R = TypeVar("R")

_LOGGED_MODELS_TAG = "mlflow.log-model.history"
_MODEL_FIELDS = ("run_id", "artifact_path", "utc_time_created", "model_uuid")
DEFAULT_EXPERIMENT = "Default"


def now() -> int:
    """The current time in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


class Tracking:
    """Experiments, runs and what is logged to them."""

    def __init__(self, locations: Locations, folder: Folder) -> None:
        self._locations = locations
        self._folder = folder

    # Experiments

    def ensure_default(self, tx: Tx, name: str = DEFAULT_EXPERIMENT) -> None:
        """Create experiment 0 on a store that has no experiment yet."""
        if tx.row("SELECT 1 FROM experiments LIMIT 1") is None:
            location = self._locations.of_experiment(0)
            experiments.add_first(tx, name, location, now())

    def create_experiment(
        self, tx: Tx, name: str, location: str = "", tags: Sequence[Tag] = ()
    ) -> int:
        """Create an experiment; returns its id. Names are unique over deleted ones too."""
        rules.check_experiment_name(name)
        if location:
            location = self._locations.checked(location)
        for tag in tags:
            rules.check_experiment_tag(tag)
        other = experiments.get_by_name(tx, name)
        if other is not None:
            hint = (
                ""
                if other.lifecycle is Lifecycle.active
                else (
                    " It is in the trash: restore it, delete it for good, or choose another name."
                )
            )
            raise Exists(f"Experiment '{name}' already exists.{hint}")
        number = experiments.add(tx, name, location, now())
        if not location:
            experiments.move(tx, number, self._locations.of_experiment(number))
        for tag in tags:
            experiments.set_tag(tx, number, tag)
        return number

    def get_experiment(self, tx: Tx, number: int) -> Experiment:
        """An experiment, deleted or not."""
        found = experiments.get(tx, number)
        if found is None:
            raise NotFound(f"No Experiment with id={number} exists")
        return found

    def get_experiment_by_name(self, tx: Tx, name: str) -> Experiment:
        """An experiment by name, deleted or not."""
        found = experiments.get_by_name(tx, name)
        if found is None:
            raise NotFound(f"Could not find experiment with name '{name}'")
        return found

    def rename_experiment(self, tx: Tx, number: int, name: str) -> None:
        """Give an active experiment another name."""
        rules.check_experiment_name(name)
        found = self.get_experiment(tx, number)
        if found.lifecycle is not Lifecycle.active:
            raise Conflict("Cannot rename a non-active experiment.")
        other = experiments.get_by_name(tx, name)
        if other is not None and other.id != number:
            raise Exists(f"Experiment '{name}' already exists.")
        experiments.rename(tx, number, name, now())

    def delete_experiment(self, tx: Tx, number: int) -> None:
        """Move an experiment and all its runs to the trash."""
        self._experiment_in(tx, number, Lifecycle.active)
        experiments.set_lifecycle(tx, number, Lifecycle.deleted, now())

    def restore_experiment(self, tx: Tx, number: int) -> None:
        """Take an experiment and all its runs out of the trash."""
        self._experiment_in(tx, number, Lifecycle.deleted)
        experiments.set_lifecycle(tx, number, Lifecycle.active, now())

    def _experiment_in(self, tx: Tx, number: int, stage: Lifecycle) -> None:
        found = experiments.get(tx, number)
        if found is None or found.lifecycle is not stage:
            raise NotFound(f"No {stage.name} Experiment with id={number} exists")

    def set_experiment_tag(self, tx: Tx, number: int, tag: Tag) -> None:
        """Set or replace a tag of an active experiment."""
        rules.check_experiment_tag(tag)
        self.active_experiment(tx, number)
        experiments.set_tag(tx, number, tag)

    def delete_experiment_tag(self, tx: Tx, number: int, key: str) -> None:
        """Remove a tag of an active experiment."""
        self.active_experiment(tx, number)
        if not experiments.delete_tag(tx, number, key):
            raise NotFound(f"No tag with name: {key} in experiment with id {number}")

    def active_experiment(self, tx: Tx, number: int) -> Experiment:
        """The experiment, if it may be written to."""
        found = self.get_experiment(tx, number)
        if found.lifecycle is not Lifecycle.active:
            raise _not_active(number)
        return found

    # Runs

    def create_runs(self, tx: Tx, wanted: Sequence[NewRun]) -> list[Run | Problem]:
        """Start runs: for each the run, or the Problem that kept it from starting."""
        parents = experiments.parents(tx, {new.experiment_id for new in wanted})
        made = [_attempt(self._new_run, new, parents.get(new.experiment_id)) for new in wanted]
        runs.add(tx, [run for run in made if isinstance(run, Run)])
        return made

    def create_run(self, tx: Tx, new: NewRun) -> Run:
        """Start a run. Its name comes from `name`, from the tag mlflow.runName, or is made up."""
        (run,) = self.create_runs(tx, [new])
        return _result(run)

    def _new_run(self, new: NewRun, parent: Parent | None) -> Run:
        for tag in new.tags:
            # Any characters will do here: MLflow checks those of a tag only when it is set later.
            rules.check_key_length(tag.key, "key")
        values = last_tags(new.tags)
        tagged = values.get(RUN_NAME_TAG, "")
        if new.name and tagged and new.name != tagged:
            raise Invalid(
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with"
                f" different values (run_name='{new.name}', mlflow.runName='{tagged}')."
            )
        if parent is None:
            raise NotFound(f"No Experiment with id={new.experiment_id} exists")
        if parent.lifecycle != Lifecycle.active:
            raise _not_active(new.experiment_id)
        values[RUN_NAME_TAG] = new.name or tagged or random_name()
        run_id = uuid.uuid4().hex
        return Run(
            run_id, new.experiment_id, values[RUN_NAME_TAG], new.user_id, RunStatus.RUNNING,
            new.start_time, None, self._locations.of_run(parent.location, run_id),
            Lifecycle.active, tags=[Tag(key, value) for key, value in values.items()],
        )  # fmt: skip

    def get_run(self, tx: Tx, run_id: str) -> Run:
        """A run with all its data, deleted or not."""
        found = runs.get(tx, run_id)
        if found is None:
            raise hot.not_found(run_id)
        return found

    def update_runs(self, tx: Tx, updates: Sequence[RunUpdate]) -> list[Run | Problem]:
        """Change states, end times and names: for each the run's info, or the Problem."""
        held = runs.hold(tx, [update.run_id for update in updates])
        done = [_attempt(_updated, update, held) for update in updates]
        runs.save(tx, [held[run.id] for run in done if isinstance(run, Run)])
        named = [
            Batch(update.run_id, tags=[Tag(RUN_NAME_TAG, update.name)])
            for update, run in zip(updates, done, strict=True)
            if update.name and isinstance(run, Run)
        ]
        if named:
            hot.apply(tx, named, self._folder)
        return done

    def update_run(self, tx: Tx, update: RunUpdate) -> Run:
        """Change state, end time or name; returns the run's info."""
        (run,) = self.update_runs(tx, [update])
        return _result(run)

    def delete_run(self, tx: Tx, run_id: str) -> None:
        """Move a run to the trash; done before is done."""
        run = self._any(tx, run_id)
        if run.lifecycle == Lifecycle.active:
            runs.set_lifecycle(tx, run.id, Lifecycle.deleted, now())

    def restore_run(self, tx: Tx, run_id: str) -> None:
        """Take a run out of the trash; done before is done."""
        runs.set_lifecycle(tx, self._any(tx, run_id).id, Lifecycle.active, None)

    def _any(self, tx: Tx, run_id: str) -> runs.RunKey:
        found = runs.lock(tx, [run_id]).get(run_id)
        if found is None:
            raise hot.not_found(run_id)
        return found

    def _writable(self, tx: Tx, run_id: str) -> runs.RunKey:
        return writable(run_id, runs.lock(tx, [run_id]).get(run_id))

    # Logging

    def log_batches(self, tx: Tx, batches: Sequence[Batch]) -> list[Problem | None]:
        """Log to many runs at once: for each batch None, or the Problem that kept it out."""
        outcomes: list[Problem | None] = [_attempt(rules.check_batch, b) for b in batches]
        good = [i for i, outcome in enumerate(outcomes) if outcome is None]
        results = hot.apply(tx, [batches[i] for i in good], self._folder)
        for i, result in zip(good, results, strict=True):
            outcomes[i] = result
        return outcomes

    def log_batch(self, tx: Tx, batch: Batch) -> None:
        """Log metrics, params and tags to an active run, all or nothing."""
        (outcome,) = self.log_batches(tx, [batch])
        if outcome is not None:
            raise outcome

    def delete_tag(self, tx: Tx, run_id: str, key: str) -> None:
        """Remove a tag of an active run."""
        run = self._writable(tx, run_id)
        if not runs.delete_tag(tx, run.id, key):
            raise NotFound(f"No tag with name: {key} in run with id {run_id}")

    def log_inputs(
        self, tx: Tx, run_id: str, datasets: Sequence[DatasetInput], models: Sequence[str]
    ) -> None:
        """Record the data sets and logged models that a run read."""
        for item in datasets:
            rules.check_dataset(item)
        run = self._writable(tx, run_id)
        runs.add_inputs(tx, run, datasets)
        runs.add_models(tx, run.id, 0, [(model, 0) for model in models])

    def log_outputs(self, tx: Tx, run_id: str, models: Sequence[ModelOutput]) -> None:
        """Record the logged models that a run wrote."""
        run = self._writable(tx, run_id)
        runs.add_models(tx, run.id, 1, [(model.model_id, model.step) for model in models])

    def log_model(self, tx: Tx, run_id: str, model_json: str) -> None:
        """Append a 2.x client's model description to the run's tag that lists them."""
        model = _model_description(model_json)
        self._writable(tx, run_id)  # held, so that nobody appends at the same time
        tags = {tag.key: tag.value for tag in self.get_run(tx, run_id).tags}
        value = json.dumps([*_model_history(tags.get(_LOGGED_MODELS_TAG, "[]")), model])
        if len(value) > rules.MAX_TAG_VALUE:
            raise Invalid(
                f"The tag {_LOGGED_MODELS_TAG} of run {run_id} would exceed the maximum length of"
                f" {rules.MAX_TAG_VALUE} characters: too many models in one run."
            )
        self.log_batch(tx, Batch(run_id, tags=[Tag(_LOGGED_MODELS_TAG, value)]))


def _attempt(verb: Callable[..., R], *arguments: Any) -> R | Problem:
    """The result of `verb`, or the Problem it raised."""
    try:
        return verb(*arguments)
    except Problem as problem:
        return problem


def _result(outcome: R | Problem) -> R:
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def _not_active(experiment: int) -> Invalid:
    return Invalid(
        f"The experiment {experiment} must be in the 'active' state. Current state is deleted."
    )


def _updated(update: RunUpdate, held: dict[str, HeldRun]) -> Run:
    """The run after an update, and noted in `held` for whoever updates it next."""
    found = held.get(update.run_id)
    if found is None:
        raise hot.not_found(update.run_id)
    if found.run.lifecycle is not Lifecycle.active:
        raise hot.not_active(update.run_id)
    run = replace(
        found.run,
        name=update.name or found.run.name,
        status=update.status or found.run.status,
        end_time=found.run.end_time if update.end_time is None else update.end_time,
    )
    held[update.run_id] = HeldRun(found.id, run)
    return run


def _model_description(model_json: str) -> dict[str, object]:
    """What the tag keeps of a model: not its signature or examples, which would overflow it."""
    try:
        model = json.loads(model_json)
    except (ValueError, RecursionError):
        raise Invalid(f"Malformed model info. \n {model_json} \n is not valid JSON.") from None
    needed = {"artifact_path", "flavors", "utc_time_created", "run_id"}
    missing = sorted(needed - set(model if isinstance(model, dict) else ()))
    if missing:
        raise Invalid(f"Model json is missing mandatory fields: {missing}")
    flavors = model["flavors"]
    if not isinstance(flavors, dict) or not all(isinstance(f, dict) for f in flavors.values()):
        raise Invalid("Malformed model info: flavors must be an object of objects.")
    slim = {n: {k: v for k, v in f.items() if k != "config"} for n, f in flavors.items()}
    return {name: model.get(name) for name in _MODEL_FIELDS} | {"flavors": slim}


def _model_history(value: str) -> list[object]:
    try:
        history = json.loads(value)
    except (ValueError, RecursionError):
        history = None
    if not isinstance(history, list):
        raise Invalid(f"The tag {_LOGGED_MODELS_TAG} of the run does not hold a list of models.")
    return history
