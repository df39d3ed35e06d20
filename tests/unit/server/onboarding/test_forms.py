"""Forms as browsers send them, and as nobody should."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.onboarding.forms import MAX_PARTS, MAX_TEXT_BYTES, BadForm, is_form, read_form

KIND = "multipart/form-data; boundary=xyz"


def part(name: str, content: bytes, file: bool = False) -> bytes:
    tail = '; filename="../../a.png"\r\nContent-Type: image/png' if file else ""
    head = f'--xyz\r\nContent-Disposition: form-data; name="{name}"{tail}\r\n\r\n'
    return head.encode() + content + b"\r\n"


@given(st.binary(max_size=300), st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_what_a_client_sends_is_read(image: bytes, text: str) -> None:
    request = httpx.Request(
        "POST", "http://x", files={"image": ("a.png", image)}, data={"title": text}
    )
    form = read_form(request.headers["content-type"], request.read())
    assert form.files == {"image": image}
    assert form.texts == {"title": text}


def test_a_boundary_may_be_quoted() -> None:
    body = part("a", b"1") + b"--xyz--\r\n"
    for kind in (KIND, 'multipart/form-data; charset=utf-8; Boundary="xyz"'):
        assert read_form(kind, body).texts == {"a": "1"}


def test_an_empty_form_is_empty() -> None:
    assert read_form(KIND, b"--xyz--\r\n").texts == {}


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("multipart/form-data", b"--xyz--", "boundary"),
        ("application/json", b"{}", "boundary"),
        ("multipart/form-data; boundary=" + "x" * 71 + "é", b"", "boundary"),
        (KIND, b"", "begin"),
        (KIND, b"hello", "begin"),
        (KIND, part("a", b"1"), "ends within"),
        (KIND, part("a", b"1")[:-1] + b"--xyz--", "ends within"),
        (KIND, part("a", b"1") + part("a", b"2") + b"--xyz--", "twice"),
        (KIND, part("a", b"\xff") + b"--xyz--", "UTF-8"),
        (KIND, part("a", b"x" * (MAX_TEXT_BYTES + 1)) + b"--xyz--", "longer"),
        (KIND, b"--xyz\r\nX: y\r\n\r\n1\r\n--xyz--", "no name"),
        (KIND, b"--xyz\r\n" + b"X: y\r\n" * 1000 + b"\r\n1\r\n--xyz--", "endless"),
        (KIND, b"".join(part(f"a{i}", b"") for i in range(MAX_PARTS + 1)) + b"--xyz--", "parts"),
    ],
)
def test_what_is_no_form_is_refused(kind: str, body: bytes, said: str) -> None:
    with pytest.raises(BadForm, match=said):
        read_form(kind, body)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for start in (b"", b"--xyz", b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\n'):
        try:
            read_form(KIND, start + body)
        except BadForm as error:
            assert str(error)


def test_kinds() -> None:
    assert is_form(KIND) and is_form("Multipart/Form-Data;boundary=x")
    assert not is_form("multipart/form-dataset") and not is_form("")
