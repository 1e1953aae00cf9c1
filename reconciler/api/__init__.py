"""The way to the API: a transport (HTTP, or the embedded simulator), a client that only reads, one that writes."""

from reconciler.api.client import Reader, Writer
from reconciler.api.rate_limiter import RateLimiter, SharedLimits
from reconciler.api.secret import Secret
from reconciler.api.transport import Transport, connect

__all__ = ["RateLimiter", "Reader", "Secret", "SharedLimits", "Transport", "Writer", "connect"]
