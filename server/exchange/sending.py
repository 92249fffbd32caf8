"""Archives of the exchange, sent to a browser: as files to save, which it never opens as a page."""

from __future__ import annotations

import io

from flask import abort, current_app, send_file
from werkzeug.wrappers import Response

from server.context import parts
from server.store import StoreError

ZIP = "application/zip"


def send_zip(blob: str | None, name: str) -> Response:
    """Send an archive, whatever is in it, under a name without ending. One that was deleted is not there."""
    if blob is None:
        abort(404)
    try:
        content = parts().store.get(blob)
    except StoreError as error:
        current_app.logger.error("%s", error)
        abort(404)
    return send_file(io.BytesIO(content), mimetype=ZIP, as_attachment=True, download_name=f"{name}.zip")
