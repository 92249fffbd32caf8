"""Contents in an S3-compatible store: ``prefix/ab/abcdef...`` is the object with that SHA-256.

An object is written whole or not at all, and its SHA-256 is signed with the request, so that nothing else can get under
its name. It carries no metadata: neither names nor people.

There is no moving out of sight here as in a folder, and no condition on deleting tells equal content that was handed in
again from the old one. So whoever deletes says so first, by a *mark* of its own beside the contents, and takes it away
afterwards; whoever keeps something looks, after writing, for marks and then for the object, in this order:

- no mark, and the object is there: a deletion that began before is over, one that begins now sees fresh content;
- otherwise it is written again when the marks are gone.

This needs a store in which what was written is seen at once (Amazon, MinIO, Ceph; not Swift with several copies).
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO

from server.store.address import Address
from server.store.contract import FRESH_SECONDS, KEY, PIECE, STALE_SECONDS, Store, StoreError, StoreUnavailable
from server.store.pause import Pause

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    from server.store.fault import explain
except ImportError as error:
    raise StoreError(
        "An S3 store needs boto3, which is not installed. Run pip install 'gradiente[s3]'.",
        "Um armazenamento S3 precisa do boto3, que não está instalado. Execute pip install 'gradiente[s3]'.",
    ) from error

CONNECT_SECONDS = 3
READ_SECONDS = 10
TRIES = 3
#: the portal's threads, and some
CONNECTIONS = 48
#: how long one who keeps something waits for one who deletes it
WAIT_SECONDS = 10.0
MARKS = "discarded/"


class S3Store(Store):
    """A bucket, or a folder in one. Credentials are found where boto3 finds them."""

    def __init__(self, address: Address, max_size: int) -> None:
        super().__init__(max_size)
        self.address = address
        self._client = _connect(address)
        self._pause = Pause()

    @property
    def place(self) -> str:
        """The bucket and who has it."""
        return str(self.address)

    def discard(self, key: str, unused_for: float = 0.0) -> bool:
        """Delete a content; see ``Store.discard``."""
        mark = f"{self.address.prefix}{MARKS}{key}.{secrets.token_hex(8)}"
        self._ask("put_object", Key=mark, Body=b"")
        # Where one of these fails, nobody knows whether it is still under way: the mark stays until it is stale.
        age = self._age(key)
        is_fresh = age is not None and age < FRESH_SECONDS + unused_for
        if age is not None and not is_fresh:
            self._delete(self._name(key))
        self._delete(mark)
        return not is_fresh

    def keys(self) -> Iterator[str]:
        """The keys of all contents."""
        wanted = re.compile(re.escape(self.address.prefix) + f"[0-9a-f]{{2}}/({KEY.pattern})")
        return (found[1] for name, _age in self._list("") if (found := wanted.fullmatch(name)))

    def tidy(self) -> None:
        """Delete marks of deletions that never ended."""
        for name, age in self._list(MARKS):
            if age > STALE_SECONDS:
                self._delete(name)

    def check(self, *, keeps: bool = True) -> None:
        """Raise StoreError where the bucket does not answer or may not be read."""
        self._ask("list_objects_v2", Prefix=self.address.prefix, MaxKeys=1)

    def _keep(self, key: str, file: BinaryIO, size: int) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            file.seek(0)
            self._ask(
                "put_object",
                Key=self._name(key),
                Body=file,
                ContentLength=size,
                ContentType="application/octet-stream",
            )
            if not self._is_marked(key) and self._age(key) is not None:
                return
            while self._is_marked(key):
                if time.monotonic() > deadline:
                    raise StoreUnavailable(
                        f"{key} is just being deleted from {self.place}. Try again in a moment.",
                        f"{key} está sendo apagado de {self.place}. Tente de novo daqui a pouco.",
                    )
                time.sleep(0.1)

    def _read(self, key: str) -> Iterator[bytes]:
        try:
            body = self._ask("get_object", Key=self._name(key))["Body"]
        except _NotThere as error:
            raise self._missing(key) from error
        with body:
            try:
                yield from body.iter_chunks(PIECE)
            except BotoCoreError as error:
                raise explain(error, self.address) from error

    def _age(self, key: str) -> float | None:
        """Seconds since somebody has handed it in, by the store's own clock; None: it is not there."""
        try:
            answer = self._ask("head_object", Key=self._name(key))
        except _NotThere:
            return None
        return _seconds_since(answer["LastModified"], answer)

    def _delete(self, name: str) -> None:
        # Most servers do not mind when it is not there.
        with suppress(_NotThere):
            self._ask("delete_object", Key=name)

    def _is_marked(self, key: str) -> bool:
        return any(age < STALE_SECONDS for _name, age in self._list(f"{MARKS}{key}."))

    def _list(self, beginning: str) -> Iterator[tuple[str, float]]:
        """Names and ages of what begins like that, in the prefix."""
        more: dict[str, str] = {}
        while True:
            answer = self._ask("list_objects_v2", Prefix=self.address.prefix + beginning, **more)
            for each in answer.get("Contents", ()):
                yield each["Key"], _seconds_since(each["LastModified"], answer)
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    def _ask(self, operation: str, **values: Any) -> dict[str, Any]:
        """Have the store do something. Raises StoreError, and _NotThere where there is no such object."""
        self._pause.check()
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(Bucket=self.address.bucket, **values)
        except (BotoCoreError, ClientError) as error:
            if "Key" in values and _code(error) in ("NoSuchKey", "404"):
                self._pause.end()
                raise _NotThere from error
            told = explain(error, self.address)
            if isinstance(told, StoreUnavailable):
                self._pause.begin(told)
            raise told from error
        self._pause.end()
        return answer

    def _name(self, key: str) -> str:
        return f"{self.address.prefix}{key[:2]}/{key}"


class _NotThere(Exception):
    """The bucket answers, and has no such object."""


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def _connect(address: Address) -> Any:
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        max_pool_connections=CONNECTIONS,
        signature_version="s3v4",
        # The SHA-256 of what is sent is part of the signature, with every server; checksums of later protocols are
        # not known to all, and what comes back is compared with its key anyway.
        s3={"payload_signing_enabled": True, "addressing_style": "path" if address.endpoint else "auto"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        # A session of its own: the default one is no thread's alone.
        session = boto3.session.Session(region_name=address.region or None)
        # Servers of one's own mostly have no regions, but a signature names one.
        region = session.region_name or ("us-east-1" if address.endpoint else None)
        return session.client("s3", region_name=region, endpoint_url=address.endpoint or None, config=config)
    except BotoCoreError as error:
        raise explain(error, address) from error


def _seconds_since(moment: datetime, answer: dict[str, Any]) -> float:
    told = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    now = parsedate_to_datetime(told) if told else datetime.now(UTC)
    return (now - moment).total_seconds()
