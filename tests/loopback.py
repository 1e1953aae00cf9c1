"""What clients of the loopback share."""

from __future__ import annotations

import ssl

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For a client of plain http: without it each client loads the certificates of all authorities, which takes 20 ms."""
