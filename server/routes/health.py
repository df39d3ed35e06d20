"""Is the process alive, can it take a session, what does it count, what can it do.

Runs on the event loop.
Never changes anything.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from engines.render.backdrops import BACKDROPS
from engines.render.stage import FRAMINGS
from engines.values import FRAME_RATE_HZ, FRAME_SAMPLES, MOTION_NAMES, SAMPLE_RATE_HZ
from server.assistant.told import assistant_told
from server.errors import ApiError
from server.live_voice import speech_told
from server.metrics import CONTENT_TYPE, program_version
from server.push_protocol import RATES_HZ
from server.schemas import CapabilitiesReply, ErrorReply
from server.services import Services, services
from server.settings import SIZES
from server.speech.messages import SpeechTold

router = APIRouter(tags=["server"])
Served = Annotated[Services, Depends(services)]


@router.get("/healthz", summary="Is the process alive")
async def healthz() -> dict[str, str]:
    """Always `ok` while the event loop turns."""
    return {"status": "ok"}


@router.get("/readyz", summary="Can it take a session now", responses={503: {"model": ErrorReply}})
async def readyz(served: Served) -> dict[str, object]:
    """200 when the models are warm and a place is free, else 503 with the reason."""
    if not served.backend.running:
        raise ApiError(503, "engine_stopped", "the engine does not run", "restart the server")
    refusal = served.manager.refusal(served.settings.session.size)
    if refusal is not None:
        raise refusal
    active = served.manager.active
    return {"status": "ready", "sessions_active": active, "sessions_max": served.manager.cap}


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(served: Served) -> Response:
    """Text format 0.0.4."""
    return Response(served.metrics.text(), media_type=CONTENT_TYPE)


@router.get("/v1/capabilities", summary="What this server does, in numbers")
async def capabilities(served: Served) -> CapabilitiesReply:
    """The algorithmic latency is hop + look-ahead; playout adds its delay, which adapts."""
    to_ms = 1000 / SAMPLE_RATE_HZ
    return CapabilitiesReply(
        version=program_version(),
        fps=FRAME_RATE_HZ,
        sizes=list(SIZES),
        size=served.settings.session.size,
        framings=list(FRAMINGS),
        backdrops=list(BACKDROPS),
        own_backgrounds=served.settings.session.own_backgrounds,
        marked=served.settings.disclosure.mark,
        sample_rate_hz=SAMPLE_RATE_HZ,
        hop_ms=FRAME_SAMPLES * to_ms,
        lookahead_ms=served.backend.lookahead * to_ms,
        playout_delay_ms=served.settings.media.playout_delay_ms,
        renderers=list(dict.fromkeys([served.backend.renderer, "motion-frame"])),
        voices=["mirror", "push", "assistant"],
        push_sample_rates_hz=list(RATES_HZ),
        speech=SpeechTold.model_validate(speech_told(served.backend.speech)),
        assistant=assistant_told(served.backend.assistant_missing),
        max_sessions=served.manager.cap,
        active_sessions=served.manager.active,
        motion_names=list(MOTION_NAMES),
    )
