"""What the API tells of avatars."""

from __future__ import annotations

from server.onboarding.replies import AvatarReply, OneAvatarReply, StepReply

ROW: dict[str, object] = {
    "name": "zoe",
    "title": "Zoe",
    "credit": "",
    "portrait": "/p",
    "preview": None,
    "attributes": {},
    "paste": {},
    "default": False,
    "user": True,
}


def test_a_list_tells_no_consent_and_one_avatar_does() -> None:
    consent = {"given": "2026-01-01T00:00:00+00:00", "by": "Zoe", "statement": "I agree."}
    one = OneAvatarReply.model_validate({**ROW, "consent": consent})
    assert one.consent is not None and one.consent.by == "Zoe"
    assert "consent" not in AvatarReply.model_validate(ROW).model_dump()


def test_a_step() -> None:
    told = StepReply(code="reading", words="Reading", share=0.5)
    assert told.model_dump() == {"code": "reading", "words": "Reading", "share": 0.5}
