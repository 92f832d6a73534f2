"""One connection of the server, with the time limits that uvicorn leaves out, and JSON for what is no HTTP.

uvicorn waits without end for the head of a request, for the rest of a body that nobody wants any more, and for a client
that does not read its answer. A few hundred such clients would hold all connections.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from facedancer_tf.serving.errors import as_answer


def timed_connections(head_s: float, silence_s: float, most: int) -> type[H11Protocol]:
    """Makes the class of connections that uvicorn shall use.

    A head must come within `head_s`, an answer must be read on within `silence_s`; of more than `most` connections at a
    time the newest is closed.
    """

    class TimedConnection(H11Protocol):
        head_timer: asyncio.TimerHandle | None = None
        answer_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > most:
                transport.abort()
                return
            self._set_head_timer()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._set_head_timer()

        def connection_lost(self, exc: Exception | None) -> None:
            for timer in (self.head_timer, self.answer_timer):
                if timer is not None:
                    timer.cancel()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            """Refuses what is no HTTP, in JSON; ends the connection at once where an answer has begun already."""
            if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
                self.transport.abort()
                return
            answer = as_answer(400, "bad_request", "this is no request that HTTP/1.1 knows")
            headers = [*answer.raw_headers, (b"connection", b"close")]
            head = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
            for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
            self._close()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._set_answer_timer()

        def resume_writing(self) -> None:
            super().resume_writing()
            if self.answer_timer is not None and not self.transport.is_closing():
                self.answer_timer.cancel()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.transport.is_closing():
                self._set_answer_timer()

        def _set_head_timer(self) -> None:
            """Runs the timer as long as bytes may come that belong to no request at work."""
            at_work = self.cycle is not None and not self.cycle.response_complete
            if at_work and self.head_timer is not None:
                self.head_timer.cancel()
                self.head_timer = None
            elif not at_work and self.head_timer is None:
                self.head_timer = self.loop.call_later(head_s, self._end_if_idle)

        def _end_if_idle(self) -> None:
            self.head_timer = None
            if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
                if self.conn.our_state is h11.IDLE:
                    self.conn.send(h11.ConnectionClosed())
                self._close()

        def _close(self) -> None:
            """Closes once all is read; a client that reads nothing any more is not waited for longer."""
            self.transport.close()
            self._set_answer_timer()

        def _set_answer_timer(self) -> None:
            if self.answer_timer is not None:
                self.answer_timer.cancel()
            self.answer_timer = self.loop.call_later(silence_s, self.transport.abort)

    return TimedConnection
