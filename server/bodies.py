"""Request bodies: which kind, is it readable, does it fit the model; each fault with its status.

Runs on the event loop; bodies are small (server.middleware.BodyLimit).
Never echoes what was sent.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError

from server.errors import ApiError

Model = TypeVar("Model", bound=BaseModel)
JSON, SDP, FRAGMENT = "application/json", "application/sdp", "application/trickle-ice-sdpfrag"
REF = "#/components/schemas/{model}"


class Strict(BaseModel):
    """A body in which an unknown field is an error: a typing slip must not pass in silence."""

    model_config = ConfigDict(extra="forbid")


def kind_of(request: Request, *allowed: str) -> str:
    """The media type of the body. Raises ApiError 415 when it is not one of `allowed`."""
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given not in allowed:
        got = f"{given[:60]!r}" if given else "none"
        raise ApiError(
            415,
            "unsupported_media_type",
            f"content-type is {got}, wanted {' or '.join(allowed)}",
            f"send the header Content-Type: {allowed[0]}",
        )
    return given


async def read_text(request: Request) -> str:
    """The body as text. Raises ApiError 400 when it is not UTF-8."""
    try:
        return (await request.body()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ApiError(400, "bad_encoding", "the body is not UTF-8 text") from error


async def read_model(request: Request, model: type[Model], *, empty: bool = False) -> Model:
    """The JSON body as `model`; an empty body stands for `{}` when `empty`.

    Raises ApiError 400 (not JSON), RequestValidationError (answered as 422 in our shape).
    """
    text = await read_text(request)
    if empty and not text.strip():
        text = "{}"
    try:
        value = json.loads(text, parse_constant=_no_constant)
    # RecursionError: "[[[[…" nested deeper than the reader goes.
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "bad_json", "the body is not JSON") from error
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        raise RequestValidationError(faults) from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def describe(**kinds: type[BaseModel] | None) -> dict[str, Any]:
    """`openapi_extra` of a route that reads its body itself: json=Model, sdp=None, frag=None."""
    names = {"json": JSON, "sdp": SDP, "frag": FRAGMENT}
    content = {
        names[kind]: {
            "schema": {"type": "string"}
            if model is None
            else {"$ref": REF.format(model=model.__name__)}
        }
        for kind, model in kinds.items()
    }
    return {"requestBody": {"required": True, "content": content}}


def schemas_of(*models: type[BaseModel]) -> dict[str, Any]:
    """The component schemas that `describe` refers to."""
    found: dict[str, Any] = {}
    for model in models:
        schema = model.model_json_schema(ref_template=REF)
        found.update(schema.pop("$defs", {}))
        found[model.__name__] = schema
    return found
