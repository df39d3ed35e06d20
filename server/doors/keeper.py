"""All doors of this process by their secret keys; channels: names to watch sessions by.

Runs on the event loop.
Never keeps an ended session: what it knows of it goes with its door, and names are swept when used.
"""

from __future__ import annotations

import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass

from server.doors.hall import Door, Hall, Kind
from server.errors import ApiError
from server.logs import session_context
from server.session_states import Ending
from server.sessions import Session, SessionPlan

PLANS_KEPT = 64
"""Of sessions whose clients may come back with a new peer connection."""
CHANNEL = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""A name somebody chose. Those the server makes hold a dot, which a chosen one cannot."""
ENDED = {"hung up": Ending.CLIENT, "could not connect": Ending.NEVER_CONNECTED}


@dataclass(frozen=True, slots=True)
class Entry:
    """One door as its URL names it."""

    key: str
    session: Session
    hall: Hall
    door: Door
    owner: bool
    """Whether the session was made for this door, and ends with it."""

    @property
    def etag(self) -> str:
        """Strong entity tag of its ICE session, which never changes: restarts are refused."""
        return f'"{self.key[-12:]}"'


class DoorKeeper:
    """Finds, makes and removes doors."""

    def __init__(self, prefix: str = "") -> None:
        """`prefix` of every key and made-up channel: names the process that holds them."""
        self._prefix = prefix
        self._entries: dict[str, Entry] = {}
        self._channels: dict[str, Session] = {}
        self._plans: OrderedDict[str, SessionPlan] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    # -- channels -------------------------------------------------------------------------------

    def check_free(self, channel: str) -> None:
        """Raises ApiError: 422 for a name that cannot be, 409 for one in use."""
        if CHANNEL.fullmatch(channel) is None:
            hint = "at most 64 letters, digits, - and _"
            raise ApiError(422, "bad_channel", "this cannot be the name of a channel", hint)
        if self._live(channel) is not None:
            hint = "end it first, or take another name"
            raise ApiError(409, "channel_taken", "somebody is on this channel", hint)

    def name(self, session: Session, channel: str | None = None) -> str:
        """Put a session on a channel; without a name on one that cannot be guessed."""
        self._sweep()
        if channel is None:
            channel = f"{self._prefix or 'w.'}{secrets.token_urlsafe(16)}"
        self._channels[channel] = session
        return channel

    def channel_of(self, session: Session) -> str:
        """Where to watch a session without controlling it: made when first asked for."""
        for channel, each in self._channels.items():
            if each is session and "." in channel:
                return channel
        return self.name(session)

    def on(self, channel: str) -> Session:
        """The session on a channel. Raises ApiError 404 with Retry-After when there is none."""
        session = self._live(channel)
        if session is None:
            hint = "begin it with POST /whip/CHANNEL; a player may ask again in 5 s"
            message = "nothing is on this channel now"
            raise ApiError(404, "unknown_channel", message, hint, headers={"Retry-After": "5"})
        return session

    def _live(self, channel: str) -> Session | None:
        session = self._channels.get(channel)
        return session if session is not None and session.ending is None else None

    def _sweep(self) -> None:
        ended = [name for name, each in self._channels.items() if each.ending is not None]
        for name in ended:
            del self._channels[name]

    # -- plans ----------------------------------------------------------------------------------

    def remember(self, session: Session) -> None:
        """Keep what it was to be, for a client that comes back when its session is lost."""
        self._plans[session.plan.id] = session.plan
        while len(self._plans) > PLANS_KEPT:
            self._plans.popitem(last=False)

    def remembered(self, session_id: str) -> SessionPlan | None:
        """What a session was to be; None when it is unknown or long ago."""
        return self._plans.get(session_id)

    # -- doors ----------------------------------------------------------------------------------

    async def enter(
        self, session: Session, kind: Kind, sdp: str, *, owner: bool = False
    ) -> tuple[Entry, str]:
        """Open a door of `session`: it, and the answer to `sdp`.

        Raises what `Hall.open` and `Session.enter` raise; a session that was made for the door is
        then ended too.
        """
        with session_context(session.plan.id):
            try:
                hall = (await session.enter()).doors
                door, answer = await hall.open(kind, sdp)
            except BaseException as error:
                if owner:
                    session.request_close(Ending.BAD_OFFER, type(error).__name__)
                raise
        entry = Entry(self._prefix + secrets.token_urlsafe(16), session, hall, door, owner)
        self._entries[entry.key] = entry
        door.on_end = lambda reason: self._ended(entry, reason)
        if door.closing is not None:
            # It ended between its answer and now.
            self._ended(entry, "hung up")
        return entry, answer

    def get(self, key: str, kind: Kind | None = None) -> Entry:
        """The door of this key. Raises ApiError 404 when there is none, or it has ended."""
        self._forget_ended()
        entry = self._entries.get(key)
        if entry is None or (kind is not None and entry.door.kind != kind):
            hint = "its POST gave the Location; it may have ended"
            raise ApiError(404, "unknown_door", "there is nothing of this name", hint)
        return entry

    async def leave(self, key: str) -> None:
        """Close a door, and its session when it was made for it. Raises ApiError 404."""
        entry = self.get(key)
        del self._entries[key]
        if entry.owner:
            await entry.session.aclose(Ending.CLIENT)
        else:
            await entry.hall.close(entry.door)

    def _ended(self, entry: Entry, reason: str) -> None:
        self._entries.pop(entry.key, None)
        if entry.owner:
            entry.session.request_close(ENDED.get(reason, Ending.LOST))

    def _forget_ended(self) -> None:
        ended = [key for key, each in self._entries.items() if each.session.ending is not None]
        for key in ended:
            del self._entries[key]
