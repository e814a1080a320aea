"""The limits of Segment's ingestion, with their units.

Source: the HTTP API page of Segment's documentation (32 KB a call, 500 KB and 2500
calls a batch) and its Spec (messageId). All sizes are bytes after inflation.
"""

from __future__ import annotations

MAX_CALL_BYTES = 32 * 1024
MAX_BATCH_BYTES = 500 * 1024
MAX_BATCH_CALLS = 2500
MAX_MESSAGE_ID_CHARACTERS = 100
# Segment looks back "about 24 hours".
DEDUP_WINDOW_SECONDS = 24 * 60 * 60
# Ours: of a batch that is refused anyway no more are read. A body of nothing but commas
# would hold a million calls, and the server for seconds.
MAX_READ_CALLS = 4 * MAX_BATCH_CALLS
# Ours: how many write keys one server remembers.
MAX_SOURCES = 10_000
# Ours: real write keys have 32 characters; a longer one than this is cut.
MAX_WRITE_KEY_CHARACTERS = 512
# Ours: Segment's Go follows 10,000 levels, Python cannot; deeper is answered as malformed.
MAX_JSON_DEPTH = 256
# Ours, by default: violations of one call that are told one by one.
MAX_FINDINGS = 20
