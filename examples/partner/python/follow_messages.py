"""Follows new messages: one JSON line each. Start it again at any time, it goes on where it stopped.

python follow_messages.py ws://127.0.0.1:8000/graphql TOKEN cursor.txt
"""

import asyncio
import json
import sys
from pathlib import Path

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.websockets import WebsocketsTransport

QUERY = """subscription ($after: String) {
  messageReceived(afterCursor: $after) { cursor message { id authorName sentAt body } } }"""


async def follow(address: str, token: str, stored: Path) -> None:
    """Print every message, then store its cursor: after a crash the last one may come twice, none is lost."""
    while True:
        transport = WebsocketsTransport(address, init_payload={"Authorization": f"Bearer {token}"})
        try:
            async with Client(transport=transport) as session:
                if not stored.exists():  # from now on; a connection lost before the first message is no gap
                    stored.write_text(transport.payloads["connection_ack"]["cursor"])
                request = GraphQLRequest(QUERY, variable_values={"after": stored.read_text()})
                async for event in session.subscribe(request):
                    print(json.dumps(event["messageReceived"]["message"]), flush=True)
                    stored.write_text(event["messageReceived"]["cursor"])
        except TransportQueryError:
            raise  # not permitted, or the cursor is too old: a person has to look
        except (TransportError, OSError) as error:
            closed = getattr(error.__cause__, "rcvd", None)
            if closed is not None and closed.code == 4403:
                sys.exit(f"Sign in again, with a new token: {closed.reason}")
            print(f"Connection lost, again in a second: {error!r}", file=sys.stderr)
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(follow(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
