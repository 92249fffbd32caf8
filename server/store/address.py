"""Where an S3-compatible store is: ``s3://bucket/prefix?endpoint=https://host:9000&region=name``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from server.store.contract import StoreError

VARIABLE = "GRADIENTE_PORTAL_STORE_URL"
FORM = "s3://bucket/prefix?endpoint=https://host:9000&region=name"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_OPTIONS = ("endpoint", "region")


@dataclass(frozen=True)
class Address:
    """A bucket, or a folder in it. Who may use it is not part of the address."""

    bucket: str
    #: empty, or with a slash at its end
    prefix: str = ""
    #: empty: Amazon's
    endpoint: str = ""
    region: str = ""

    def __str__(self) -> str:
        place = f"s3://{self.bucket}/{self.prefix}".rstrip("/")
        return f"{place} ({self.endpoint})" if self.endpoint else place


def read_address(url: str) -> Address:
    """Read an address. Raises StoreError."""
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, strict_parsing=True) if parts.query else []
    except ValueError:
        raise _wrong("it is no address", "não é um endereço") from None
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc):
        # Its text is not repeated: it may hold a password.
        raise _wrong("it names no bucket", "não indica um bucket")
    given = dict(options)
    if unknown := sorted(set(given) - set(_OPTIONS)):
        raise _wrong(f"{unknown[0]} is unknown", f"{unknown[0]} é desconhecido")
    endpoint = given.get("endpoint", "").rstrip("/")
    if endpoint and not re.fullmatch(r"https?://[^/?#@\s]+", endpoint):
        raise _wrong("the endpoint is no http:// or https:// address of a host", "o endpoint não é um endereço http://")
    prefix = parts.path.strip("/")
    return Address(parts.netloc, f"{prefix}/" if prefix else "", endpoint, given.get("region", ""))


def _wrong(english: str, portuguese: str) -> StoreError:
    return StoreError(
        f"{VARIABLE} cannot be used: {english}. Say {FORM}; credentials come from the variables and files of AWS.",
        f"{VARIABLE} não pode ser usado: {portuguese}. Diga {FORM}; as credenciais vêm das variáveis e dos arquivos "
        "da AWS.",
    )
