"""WebSocket frames on their way in: read as far as messages are taken, and counted where they carry nothing.

uvicorn reads all frames that have arrived before anything else goes on, and none of them costs their sender
anything until a message is whole. Its protocol is made to read a few at a time here, and to close a
connection that sends nothing else.
"""

from __future__ import annotations

from typing import Any

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

from gateway.unread_answers import AnswersAreRead

WRITABLE = "passerelle.writable"
"""Among the extensions of the scope: waits until the client has read nearly all that was sent."""
PIECE = 4_096
"""Bytes that are read before others go on: some hundred of the smallest frames, which takes milliseconds."""
BURST = 100
FRAMES_A_SECOND = 10.0
"""Frames without a message that a connection may send: at once, and for each second that it waited before."""
SMALL = 1_024
"""Bytes from which a fragment is not counted: what it carries is bounded by the size of messages."""
MOST = f"{BURST} pings, pongs and small fragments, or {FRAMES_A_SECOND:g} a second"
TOO_MANY = f"More than {MOST}: send whole messages."


class BoundedFramesProtocol(AnswersAreRead, WebSocketsSansIOProtocol):
    """uvicorn's protocol that bounds frames without a message, and reads on when the last one is taken."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unread = bytearray()
        self._left = float(BURST)
        self._counted = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Keep what has arrived, and read as much of it as may be read now."""
        self._unread += data
        self._read_on()

    async def run_asgi(self) -> None:
        """Run the application, and let it know when it may write."""
        self.scope["extensions"][WRITABLE] = self.writable.wait  # type: ignore[assignment]
        await super().run_asgi()

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next message, and let the frames behind it be read."""
        message = await super().receive()
        self._read_on()
        return message

    def handle_ping(self) -> None:
        """Answer a ping."""
        self._count()
        super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Take the answer to a ping of ours, or leave it."""
        self._count()
        super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        """Take the next fragment of a message."""
        self._count_small(event)
        super().handle_cont(event)

    def handle_text(self, event: Frame) -> None:
        """Take a message, or its first fragment."""
        self._count_small(event)
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """Take a message, or its first fragment."""
        self._count_small(event)
        super().handle_bytes(event)

    def send_receive_event_to_app(self) -> None:
        """Hand a message on; one that is no UTF-8 closes the connection (RFC 6455, section 8.1)."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                if not self.transport.is_closing():
                    self.conn.fail(CloseCode.INVALID_DATA, "A text must be UTF-8.")
                    self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def _read_on(self) -> None:
        while self._unread and not self.read_paused and not self.transport.is_closing():
            piece = bytes(self._unread[:PIECE])
            del self._unread[:PIECE]
            super().data_received(piece)
            if self.conn.handshake_exc is not None and not self.handshake_initiated:
                # The library has an answer to what is no handshake; uvicorn would wait for more.
                self.transport.write(b"".join(self.conn.data_to_send()))
                self.transport.close()

    def _count_small(self, event: Frame) -> None:
        # A whole message is charged when it is taken, which it no longer is after the goodbye.
        if (not event.fin and len(event.data) < SMALL) or self.close_sent:
            self._count()

    def _count(self) -> None:
        """Count a frame; who has sent too many is sent away."""
        now = self.loop.time()
        self._left = min(BURST, self._left + FRAMES_A_SECOND * (now - self._counted)) - 1
        self._counted = now
        if self._left < 0 and not self.transport.is_closing():
            self.logger.warning("%s sent too many frames without a message.", self.client)
            self._unread.clear()
            if self.close_sent:
                self.transport.close()
            else:
                self.conn.fail(CloseCode.POLICY_VIOLATION, TOO_MANY)
                self.handle_parser_exception()
