"""The page on which anybody finds out whether a receipt is genuine."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from server.access import Audience, open_to
from server.context import parts
from server.submission import receipt

bp = Blueprint("receipts", __name__, url_prefix="/receipts")

Page = str | tuple[str, int]


@bp.route("/check", methods=["GET", "POST"])
@open_to(Audience.ANYONE)
def check() -> Page:
    """Ask for a receipt's text, and say whether it is one of ours."""
    text = request.form.get("receipt", "")
    if request.method == "GET":
        return render_template("receipt_check.html", text="", result="", found=None)
    found = receipt.read(text)
    if found is None:
        return render_template("receipt_check.html", text=text, result="unreadable", found=None), 400
    result = "genuine" if receipt.is_genuine(found, parts().settings.secret_key) else "wrong"
    return render_template("receipt_check.html", text=text, result=result, found=found)
