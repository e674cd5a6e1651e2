"""Stores as their users name them, and how the server gets there: accounts and authorities."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from milepost.blobs.base import BlobStore
from milepost.blobs.stores import Options, Stores
from milepost.errors import Invalid, Unavailable
from tests.blobs.kit import get, put
from tests.parts.azure import AzureEmulator
from tests.parts.proxy import proxy_to
from tests.parts.s3 import S3

AZURE = ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT")


@pytest.mark.parametrize(
    "address",
    [
        "azure://{}/some/root",
        "wasbs://{}@devstoreaccount1.blob.core.windows.net/some/root",
        "abfss://{}@devstoreaccount1.dfs.core.windows.net/some/root",
    ],
)
def test_azure_in_every_way_of_writing_it(
    azure_emulator: AzureEmulator, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    for name, value in azure_emulator.environment.items():
        monkeypatch.setenv(name, value)
    spot = Stores(Options()).at(address.format(azure_emulator.create_container()))
    assert spot.path == "some/root"
    put(spot.store, f"{spot.path}/f", b"hello")
    assert get(spot.store, f"{spot.path}/f") == b"hello"


@pytest.mark.parametrize(
    ("address", "account", "url"),
    [
        ("azure://c/r", "acc", "https://acc.blob.core.windows.net/c/f"),
        ("wasbs://c@acc.blob.core.windows.net/r", "", "https://acc.blob.core.windows.net/c/f"),
        ("abfss://c@acc.dfs.core.windows.net/r", "", "https://acc.blob.core.windows.net/c/f"),
        (
            "abfss://c@acc.dfs.core.chinacloudapi.cn",
            "",
            "https://acc.blob.core.chinacloudapi.cn/c/f",
        ),
        ("wasbs://c@acc.blob.core.windows.net/r", "other", "https://acc.blob.core.windows.net/c/f"),
    ],
)
def test_azure_accounts(
    monkeypatch: pytest.MonkeyPatch, address: str, account: str, url: str
) -> None:
    for name in AZURE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_STORAGE_ACCESS_KEY", "a2V5")
    if account:
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", account)
    direct = Stores(Options()).at(address).store.direct
    assert direct is not None
    assert direct.download_url("f", 60).url.partition("?")[0] == url


def test_azure_without_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in AZURE:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Invalid, match="AZURE_STORAGE_ACCOUNT"):
        Stores(Options()).at("azure://container/root")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and self-signed certificate of 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of one's own")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "own.pem"
    file.write_bytes(private + made.public_bytes(encoding))
    return file


@pytest.fixture
def over_tls(
    s3: S3, s3_bucket: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Address of a bucket behind TLS that only those who know the certificate trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    for name in ("AWS_CA_BUNDLE", "MLFLOW_S3_IGNORE_TLS"):
        monkeypatch.delenv(name, raising=False)
    with proxy_to(urlsplit(s3.endpoint).port or 0, context) as proxy:
        for name, value in s3.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", proxy.url)
        yield f"s3://{s3_bucket}"


def opened(uri: str) -> BlobStore:
    return Stores(Options(timeout=20)).at(uri).store


def test_an_authority_nobody_knows_is_not_trusted(over_tls: str) -> None:
    with pytest.raises(Unavailable, match=r"cannot be reached \(SSLError\)"):
        put(opened(over_tls), "f", b"hello")


@pytest.mark.parametrize("how", ["AWS_CA_BUNDLE", "MLFLOW_S3_IGNORE_TLS"])
def test_an_authority_of_ones_own(
    over_tls: str, certificate: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv(how, str(certificate) if how == "AWS_CA_BUNDLE" else "true")
    store = opened(over_tls)
    put(store, "f", b"hello")
    assert get(store, "f") == b"hello"
