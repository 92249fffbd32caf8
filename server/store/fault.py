"""What an S3-compatible store answered instead of doing it, in words for who runs the portal."""

from __future__ import annotations

from botocore import exceptions

from server.store.address import VARIABLE, Address
from server.store.contract import StoreError, StoreUnavailable

_NO_BUCKET = {"NoSuchBucket"}
_DENIED = {
    "AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidClientTokenId", "Forbidden", "403", "401",
}  # fmt: skip
_REGION = {
    "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
    "301", "307",
}  # fmt: skip
_FULL = {"QuotaExceeded", "XMinioStorageFull", "EntityTooLarge", "507"}
_BUSY = {
    "SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException",
    "RequestLimitExceeded", "XMinioServerNotInitialized", "500", "502", "503", "504",
}  # fmt: skip
_CLOCK = {"RequestTimeTooSkewed"}
#: numbers alone: an S3 store would have said more
_FOREIGN = {"404", "405", "406"}
#: the connection broke, was refused, or nothing came in time
_SILENT = (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.ResponseStreamingError)
_NO_CREDENTIALS = (
    exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.CredentialRetrievalError,
    exceptions.ProfileNotFound,
)  # fmt: skip


def explain(error: Exception, address: Address) -> StoreError:
    """Say what is wrong, where, and what to do. Never with a key or a signature."""
    if isinstance(error, exceptions.ClientError):
        return _of_answer(error, address)
    if isinstance(error, _NO_CREDENTIALS):
        return StoreError(
            f"No credentials for {address}: {error}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
            f"Não há credenciais para {address}: {error}. Defina AWS_ACCESS_KEY_ID e AWS_SECRET_ACCESS_KEY, ou "
            "AWS_PROFILE.",
        )
    if isinstance(error, exceptions.NoRegionError):
        return _wrong_region("none was given", "nenhuma foi indicada", address)
    kind = type(error).__name__
    if isinstance(error, _SILENT):
        return StoreUnavailable(
            f"The store {address} does not answer ({kind}). Start it, or look at the network and at {VARIABLE}.",
            f"O armazenamento {address} não responde ({kind}). Inicie-o ou verifique a rede e {VARIABLE}.",
        )
    return _foreign(kind, address)


def _of_answer(error: exceptions.ClientError, address: Address) -> StoreError:
    told = error.response.get("Error", {})
    code = str(told.get("Code") or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))
    if code in _FOREIGN:
        return _foreign(code, address)
    if code in _REGION:
        region = told.get("Region") or error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get(
            "x-amz-bucket-region", ""
        )
        return _wrong_region(f"it is {region or 'another'}", f"é {region or 'outra'}", address)
    for codes, english, portuguese in (
        (
            _NO_BUCKET,
            f"There is no such bucket. Make it, or mend {VARIABLE}.",
            f"Esse bucket não existe. Crie-o ou corrija {VARIABLE}.",
        ),
        (
            _DENIED,
            "The key may not do that, or it or its secret is wrong. See to AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY "
            "and the bucket's policy.",
            "A chave não pode fazer isso, ou ela ou o segredo está errado. Verifique AWS_ACCESS_KEY_ID, "
            "AWS_SECRET_ACCESS_KEY e a política do bucket.",
        ),
        (_CLOCK, "The clocks differ. Set this machine's (NTP).", "Os relógios diferem. Acerte o desta máquina (NTP)."),
        (_FULL, "It is full. Raise its quota or make room.", "Está cheio. Aumente a cota ou libere espaço."),
    ):
        if code in codes:
            return StoreError(f"{address}: {code}. {english}", f"{address}: {code}. {portuguese}")
    if code in _BUSY:
        return StoreUnavailable(
            f"The store {address} is not well: {code}. Look at its own log; the same may work later.",
            f"O armazenamento {address} não está bem: {code}. Veja o registro dele; o mesmo pode funcionar mais tarde.",
        )
    return StoreError(
        f"{address} refused {error.operation_name}: {code or 'no reason'}. Look at the store's own log.",
        f"{address} recusou {error.operation_name}: {code or 'sem motivo'}. Veja o registro do armazenamento.",
    )


def _foreign(kind: str, address: Address) -> StoreUnavailable:
    return StoreUnavailable(
        f"What answers at {address} does not speak S3 ({kind}). See to the endpoint in {VARIABLE}.",
        f"O que responde em {address} não fala S3 ({kind}). Verifique o endpoint em {VARIABLE}.",
    )


def _wrong_region(english: str, portuguese: str, address: Address) -> StoreError:
    return StoreError(
        f"Wrong region for {address}: {english}. Add region=... to {VARIABLE}.",
        f"Região errada para {address}: {portuguese}. Acrescente region=... a {VARIABLE}.",
    )
