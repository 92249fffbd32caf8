"""Takes what this request hands in, and notes that it came."""

from __future__ import annotations

import time

from server.context import now, parts
from server.health.pages import health
from server.submission.intake import Draft, Received, Refused, hand_in


def receive(draft: Draft) -> Received:
    """As ``intake.hand_in`` does."""
    began = time.time()
    observer = health().observer
    try:
        received = hand_in(parts().database, parts().store, parts().settings, draft, now())
    except Refused as refused:
        observer.refused(refused.refusal.name.lower())
        raise
    if received.is_new:
        observer.received(received.id, draft.slug, len(draft.content), began)
    return received
