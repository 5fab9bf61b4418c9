"""Answers on their way out: a client that does not read them is cut off.

What a client does not take waits in the memory of the gateway, and holds the socket and its places. uvicorn
waits for it without end: before it writes more, and after it has closed, for a transport closes only when
everything is written.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

LEAST_A_SECOND = 4_096
"""Bytes that a client must take in a second of what waits for it: as many as GPRS gives."""
AT_ONCE = struct.pack("ii", 1, 0)
"""Tells the system to send a reset instead of the rest when the socket is closed (SO_LINGER)."""


class AnswersAreRead(asyncio.Protocol):
    """A part of uvicorn's protocols: looks now and then whether the client takes what waits for it.

    Between two looks it has to take `LEAST_A_SECOND`, or so much that more may be written; else the socket is
    cut off. That holds while nothing more may be written (over 64 kB wait), and once the socket was closed.
    """

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    logger: Any
    client: Any

    def __init__(self, *args: Any, read_timeout: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self._read_timeout = read_timeout
        self._look: asyncio.TimerHandle | None = None
        self._waited: int | None = None
        """Bytes that waited at the last look; None where they may wait."""
        self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to look."""
        super().connection_made(transport)
        self._look = self.loop.call_later(self._read_timeout, self._look_again)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no longer."""
        self.look_no_longer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Write no more for now."""
        self._is_paused = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """Write on: the client has taken nearly everything, and what waits at the next look is new."""
        self._is_paused, self._waited = False, None
        super().resume_writing()

    def look_no_longer(self) -> None:
        """Leave the socket to another protocol, or to nobody."""
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _look_again(self) -> None:
        waits = self.transport.get_write_buffer_size()
        is_due = waits > 0 and (self._is_paused or self.transport.is_closing())
        taken = LEAST_A_SECOND * self._read_timeout
        if is_due and self._waited is not None and waits > self._waited - taken:
            self.logger.warning("%s does not read: %d bytes were dropped.", self.client, waits)
            return self._cut_off()
        self._waited = waits if is_due else None
        self._look = self.loop.call_later(self._read_timeout, self._look_again)

    def _cut_off(self) -> None:
        """Drop what waits, in the buffers of the system too."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.transport.abort()
