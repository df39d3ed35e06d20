"""Answers of a chat endpoint over real sockets, and every way in which it fails."""

from __future__ import annotations

import pytest

from server.assistant.chat import ChatTalker
from server.assistant.faults import Fault
from server.bench.scripted import LONG
from tests.support.provider import Provider

ASKED = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}]


async def ask(url: str, model: str, key_env: str | None = None, **more: float) -> str:
    limits = {"timeout_s": 5.0, "max_letters": 4000, **more}
    talker = ChatTalker(url, model, key_env, limits["timeout_s"], int(limits["max_letters"]))
    parts: list[str] = []
    try:
        async for piece in talker.reply(ASKED):
            parts.append(piece)
    except Fault as fault:
        fault.add_note("".join(parts))
        raise
    finally:
        await talker.aclose()
        await talker.aclose()
    return "".join(parts)


async def test_an_answer_comes_in_pieces(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TURN_KEY", "secret")
    answer = await ask(provider.url, "good", "TURN_KEY")
    assert answer.startswith("Answer")
    assert answer.endswith("Then it ends.")
    asked = provider.seen("chat")[-1]
    assert asked["key"] == "Bearer secret"
    assert asked["asked"]["messages"] == ASKED
    assert asked["asked"]["stream"] is True


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("denied", "llm_unauthorized"),
        ("busy", "llm_busy"),
        ("gone", "llm_unknown"),
        ("broken", "llm_broken"),
        ("half", "llm_broken"),
        ("odd", "llm_broken"),
        ("garbage", "llm_broken"),
        ("told", "llm_broken"),
        ("page", "llm_broken"),
        ("bomb", "llm_broken"),
    ],
)
async def test_each_failure_has_its_name(provider: Provider, model: str, code: str) -> None:
    with pytest.raises(Fault) as caught:
        await ask(provider.url, model)
    assert caught.value.code == code
    assert (caught.value.retry_s == 7) is (model == "busy")
    assert "secret" not in str(caught.value)


async def test_what_came_before_it_broke_off_is_given(provider: Provider) -> None:
    with pytest.raises(Fault) as caught:
        await ask(provider.url, "half")
    assert caught.value.__notes__ == ["Half of an answer was. "]


async def test_100_kb_are_cut(provider: Provider) -> None:
    with pytest.raises(Fault) as caught:
        await ask(provider.url, "long", max_letters=1000)
    assert caught.value.__notes__ == [LONG[:1000]]
    assert "1000 letters" in caught.value.message


async def test_silence_has_an_end(provider: Provider) -> None:
    with pytest.raises(Fault) as caught:
        await ask(provider.url, "silent", timeout_s=0.2)
    assert caught.value.code == "llm_timeout"


async def test_nobody_there_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Fault) as caught:
        await ask("http://127.0.0.1:9/v1", "good")
    assert caught.value.code == "llm_broken"
    monkeypatch.delenv("TURN_NONE", raising=False)
    with pytest.raises(Fault) as caught:
        await ask("http://127.0.0.1:9/v1", "good", "TURN_NONE")
    assert caught.value.code == "llm_unauthorized"
    assert "TURN_NONE" in caught.value.message
