"""Which files the model URI of a route means now, and how they come to its model server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from milepost.app import App, build
from milepost.blobs.base import BlobStore
from milepost.blobs.local import LocalStore
from milepost.blobs.stores import Spot, Stores
from milepost.config import Settings
from milepost.domain.registry import By, Stage
from milepost.domain.serving import Target
from milepost.domain.tracking import NewRun
from milepost.errors import Denied, Invalid, NotFound, Problem, Unavailable
from milepost.services.kept_route import KeptRoute
from milepost.services.model_files import ModelFiles
from milepost.services.model_servers import Keeper
from milepost.services.registry.versions import Draft

ANN = By("ann")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    opened = build(Settings(data_dir=str(tmp_path_factory.mktemp("files"))))
    yield opened
    opened.close()


def write(app: App, verb: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    return app.store.write(lambda tx, _: verb(tx, *arguments, **more), None)


def target(app: App, uri: str) -> Target:
    return app.store.read(ModelFiles(app.locations, app.stores).target, uri)


def test_a_registered_model_by_stage_alias_and_number(app: App) -> None:
    models, versions = app.registry.models, app.registry.versions
    write(app, models.create, ANN, "m")
    for number in (1, 2):
        write(app, versions.create, ANN, "m", Draft(f"s3://b/{number}"))
    with pytest.raises(NotFound):
        target(app, "models:/m/production")
    write(app, versions.transition, ANN, "m", 1, Stage.PRODUCTION, archive_existing=True)
    assert target(app, "models:/m/production") == Target("models:/m/1", "s3://b/1")
    write(app, versions.transition, ANN, "m", 2, Stage.PRODUCTION, archive_existing=True)
    assert target(app, "models:/m/Production") == Target("models:/m/2", "s3://b/2")
    write(app, models.set_alias, ANN, "m", "best", 1)
    assert target(app, "models:/m@best").uri == "models:/m/1"
    assert target(app, "models:/m/latest").uri == "models:/m/2"
    assert target(app, "models:/m/1").location == "s3://b/1"
    write(app, models.delete, ANN, "m")
    with pytest.raises(NotFound):
        target(app, "models:/m/1")


def test_a_model_of_a_run_and_a_logged_model(app: App) -> None:
    run = write(app, app.tracking.create_run, NewRun(0)).id
    root = f"mlflow-artifacts:/0/{run}/artifacts"
    assert target(app, f"runs:/{run}/model").location == f"{root}/model"
    write(app, app.registry.models.create, ANN, "of-run")
    draft = Draft(f"runs:/{run}/model", run_id=run)
    write(app, app.registry.versions.create, ANN, "of-run", draft)
    assert target(app, "models:/of-run/1").location == f"{root}/model"
    logged = write(app, app.logged_models.create, 0, "n", "", run, [], [])
    assert target(app, f"models:/{logged.id}").location == logged.artifact_uri
    for missing in ("runs:/0a1b/model", "models:/m-0a1b"):
        with pytest.raises(NotFound):
            target(app, missing)


def test_files_that_are_on_this_machine_stay_where_they_are(app: App, tmp_path: Path) -> None:
    files, copy = ModelFiles(app.locations, app.stores), tmp_path / "copy"
    own = files.fetch(Target("models:/m/1", "mlflow-artifacts:/0/r/m"), copy)
    assert own == str(Path(app.settings.artifacts_uri) / "0/r/m")
    # What the operator names is taken as it is; what clients chose must be the server's.
    elsewhere = str(tmp_path / "elsewhere")
    assert files.fetch(Target(elsewhere, elsewhere), copy) == elsewhere
    with pytest.raises(Denied):
        files.fetch(Target("models:/m/1", elsewhere), copy)
    # What only MLflow can read is left to it.
    assert files.fetch(Target("dbfs:/m", "dbfs:/m"), copy) == "dbfs:/m"
    assert not copy.exists()


class _Bucket(Stores):
    """A folder in place of every remote store."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def at(self, uri: str) -> Spot:
        return Spot(self._store, uri.split("/", 3)[3])


def test_files_that_are_elsewhere_are_copied(app: App, tmp_path: Path) -> None:
    (tmp_path / "bucket/m/code/deep").mkdir(parents=True)
    large = b"x" * (3 << 20)
    (tmp_path / "bucket/m/MLmodel").write_bytes(b"flavors: {}")
    (tmp_path / "bucket/m/code/deep/weights").write_bytes(large)
    (tmp_path / "bucket/m2").write_bytes(b"not of it")
    files = ModelFiles(app.locations, _Bucket(LocalStore(str(tmp_path / "bucket"))))
    copy = tmp_path / "copy"
    assert files.fetch(Target("s3://b/m", "s3://b/m"), copy) == str(copy)
    assert (copy / "code/deep/weights").read_bytes() == large
    assert sorted(path.name for path in copy.iterdir()) == ["MLmodel", "code"]
    with pytest.raises(NotFound, match="no files"):
        files.fetch(Target("s3://b/none", "s3://b/none"), tmp_path / "other")
    with pytest.raises(Invalid, match="no file of a model's folder"):
        files.fetch(Target("s3://b/m2", "s3://b/m2"), tmp_path / "other")


def test_while_the_database_is_away_all_stays_as_it_is(app: App) -> None:
    wanted: list[Target | None] = []

    class Kept(KeptRoute):
        def __init__(self) -> None:
            pass

        def want(self, target: Target | None, why_not: str = "") -> None:
            wanted.append(target)

    class Files(ModelFiles):
        def target(self, tx: object, uri: str) -> Target:
            raise answers.pop(0)

    answers: list[Problem] = [Unavailable("the database is away"), NotFound("no such model")]
    keeper = Keeper(app.settings, app.store, Files(app.locations, app.stores))
    keeper._kept = [("models:/m/1", Kept())]
    with pytest.raises(Unavailable):
        keeper._look()
    assert wanted == []
    keeper._look()
    assert wanted == [None]
