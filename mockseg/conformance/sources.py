"""The names under which checks cite the documents that say what is expected."""

from __future__ import annotations

from typing import Final

CONTRACT: Final = "the e2e-cli contract of Segment's SDK repositories (e2e-cli/README.md)"
HTTP_API: Final = "Segment's documentation: HTTP Tracking API source, Authentication"
BATCH: Final = "Segment's documentation: HTTP Tracking API source, Batch"
LIMITS: Final = "Segment's documentation: HTTP Tracking API source, Max request size"
SPEC: Final = "Segment's documentation: the Spec, Common fields"
IDENTITY: Final = "Segment's documentation: the Spec, Identities"
TIMESTAMPS: Final = "Segment's documentation: the Spec, Timestamps"
RETRY_POLICY: Final = (
    "the retry policy of Segment's SDKs since 2026 (analytics-next, analytics-python 2.4.0,"
    " analytics-java): statusCodeOverrides and defaults"
)
RETRY_COUNT: Final = "the same SDKs: X-Retry-Count is n on the n-th retry, absent at first"
RETRY_AFTER: Final = (
    "the same SDKs: Retry-After of a 429 in whole seconds is waited for and not counted; HTTP"
    " Tracking API source, Rate limits"
)
SETTINGS: Final = "the settings suite of Segment's SDK repositories; SETTINGS_ERROR_FALLBACK"
HTTP_CONFIG: Final = (
    "httpConfig in Segment's CDN settings (rateLimitConfig, backoffConfig), as"
    " analytics-next, -kotlin, -swift and -react-native read it"
)
