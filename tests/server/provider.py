"""A university's OpenID provider on this machine: Authlib's server side, a real key, real connections.

It logs in whoever ``person`` says without asking, and lies in its tokens as ``lies`` says.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, redirect, request
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "gradiente", "a secret of both"


class Client(ClientMixin):
    """The portal, as the provider knows it."""

    def __init__(self, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri

    def get_client_id(self):
        return CLIENT_ID

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret):
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


class Code(AuthorizationCodeMixin):
    """A code that was given out."""

    def __init__(self, code: str, data: dict[str, str]) -> None:
        self.code, self.data = code, data
        self.code_challenge, self.code_challenge_method = data["code_challenge"], data["code_challenge_method"]

    def get_redirect_uri(self):
        return self.data["redirect_uri"]

    def get_scope(self):
        return self.data["scope"]

    def get_nonce(self):
        return self.data["nonce"]

    def get_auth_time(self):
        return int(time.time())

    def get_acr(self):
        return None

    def get_amr(self):
        return None


class Provider:
    """The provider and what it tells."""

    def __init__(self, redirect_uri: str) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "key-1", "use": "sig", "alg": "RS256"}, private=True)
        #: what the published keys are; another one than it signs with: its signatures are forged
        self.published = self.key
        self.algorithm = "RS256"
        self.client = Client(redirect_uri)
        self.person: dict[str, Any] = {"sub": "248289", "name": "Ana Silva", "preferred_username": "ana.silva"}
        #: claims of ID tokens that are not what they should be
        self.lies: dict[str, Any] = {}
        #: answers of endpoints that are not what they should be: body and status
        self.broken: dict[str, tuple[Any, int]] = {}
        self.denies = False
        self.codes: dict[str, Code] = {}
        self.app = Flask("provider")
        self._server = AuthorizationServer(self.app, lambda id: self.client, lambda token, request: None)
        self._server.register_grant(self._grant(), [self._tokens(), CodeChallenge(required=True)])
        self.app.add_url_rule("/.well-known/openid-configuration", "describe", self.describe)
        self.app.add_url_rule("/keys", "keys", lambda: KeySet([self.published]).as_dict(private=False))
        self.app.add_url_rule("/authorize", "authorize", self.authorize)
        self.app.add_url_rule("/token", "token", self._server.create_token_response, methods=["POST"])
        self.app.before_request(lambda: self.broken.get(request.endpoint))
        self.issuer = ""

    def describe(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def authorize(self):
        if self.denies:
            state = request.args["state"]
            return redirect(f"{request.args['redirect_uri']}?error=access_denied&state={state}")
        grant = self._server.get_consent_grant(end_user=self.person)
        return self._server.create_authorization_response(grant_user=self.person, grant=grant)

    def _grant(provider):
        class Grant(grants.AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

            def save_authorization_code(self, code, request):
                provider.codes[code] = Code(code, dict(request.payload.data))

            def query_authorization_code(self, code, client):
                return provider.codes.get(code)

            def delete_authorization_code(self, authorization_code):
                del provider.codes[authorization_code.code]

            def authenticate_user(self, authorization_code):
                return provider.person

        return Grant

    def _tokens(provider):
        class Tokens(OpenIDCode):
            def exists_nonce(self, nonce, request):
                return False

            def resolve_client_private_key(self, client):
                return provider.key

            def get_client_algorithm(self, client):
                return provider.algorithm

            def get_encode_header(self, client):
                return {"alg": provider.algorithm, "kid": "key-1"}

            def get_client_claims(self, client):
                return {"iss": provider.issuer, "aud": [CLIENT_ID]}

            def generate_user_info(self, user, scope):
                return user | provider.lies

        return Tokens(require_nonce=True)


@contextmanager
def run_provider(redirect_uri: str) -> Iterator[Provider]:
    """Serve a provider on a free port."""
    provider = Provider(redirect_uri)
    server = make_server("127.0.0.1", 0, provider.app, threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
