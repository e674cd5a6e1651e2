"""A restored database gives no new model the number of one that is gone or in the trash."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from milepost.domain.registry import By
from milepost.services.locations import Locations
from milepost.services.registry import build_registry
from milepost.services.registry.versions import Draft
from milepost.services.webhooks import Outbox
from milepost.store.db import Store, ensure_schema, open_dialect
from tests.cli.session import Session

ANN = By("ann")
REGISTRY = build_registry(Locations("mlflow-artifacts:/", "unused"), Outbox())


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_numbers_of_deleted_models_are_not_given_again(
    session: Session, postgres_uri: Callable[[], str], kind: str
) -> None:
    uri = f"sqlite:///{session.folder / 'milepost.db'}"
    dialect = open_dialect(uri)
    ensure_schema(dialect)
    store = Store(dialect)
    for name in ("kept", "trashed"):
        store.write(lambda tx, n: REGISTRY.models.create(tx, ANN, n), name)
        store.write(lambda tx, n: REGISTRY.versions.create(tx, ANN, n, Draft("s3://b/p")), name)
    store.write(lambda tx, n: REGISTRY.models.delete(tx, ANN, n), "trashed")
    store.close()
    session.run(f"milepost backup create --output b --backend-store-uri {uri}")
    target = f"sqlite:///{session.folder / 'new.db'}" if kind == "sqlite" else postgres_uri()
    session.run(f"milepost backup restore b --backend-store-uri {target}")

    store = Store(open_dialect(target))
    fresh = store.write(lambda tx, n: REGISTRY.models.create(tx, ANN, n), "fresh")
    assert fresh.latest == []
    (gone,), _ = store.read(lambda tx, _: REGISTRY.trash.listed(tx), None)
    assert gone.id != fresh.id
    store.write(lambda tx, n: REGISTRY.trash.restore(tx, ANN, n), gone.id)
    found = store.read(REGISTRY.models.get, "trashed")
    assert [v.version for v in found.latest] == [1]
    store.close()
