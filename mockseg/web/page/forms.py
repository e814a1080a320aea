"""Forms of the page that change something: one way for all of them, with a script or without.

A form is posted to an address of its own. The page's script sends it so that the answer is JSON,
and shows it where the form stands. Without the script the answer leads back to the view, or is a
document that says what came of it. An error is told either way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from aiohttp import web

from mockseg.errors import OperationError
from mockseg.operations.base import Result
from mockseg.web.control_answers import json_answer
from mockseg.web.guard import admit_form
from mockseg.web.page.access import add_page
from mockseg.web.page.rendering import came_from, redirect, render
from mockseg.web.parameters import form_values


class Done(Result, frozen=True):
    """What came of a form.

    Attributes:
        said: a sentence.
        to: the address of the view that shows it; null where the view stays as it is.
        lines: more sentences.
        text: such as JSON, to be read as it is.
    """

    said: str
    to: str | None = None
    lines: list[str] = []
    text: str = ""


Act: TypeAlias = "Callable[[web.Request, dict[str, str]], Awaitable[Done]]"
Fields: TypeAlias = "Sequence[str] | Callable[[web.Request], Awaitable[Sequence[str]]]"
Shown: TypeAlias = (
    "Callable[[web.Request, dict[str, str], OperationError | Done], Awaitable[web.Response]]"
)


def add_form(
    app: web.Application, path: str, fields: Fields, act: Act, *, shown: Shown | None = None
) -> None:
    """Add what takes a form.

    Args:
        app: the application.
        path: where the form is posted to.
        fields: its names; further ones are an error. Or a function of the request that knows them.
        act: does what the form says, with its values without blanks around them.
        shown: what a reader without a script is answered where the form stays; by default a
            document that says what came of it.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        admit_form(request)
        names = await fields(request) if callable(fields) else fields
        given = await form_values(request, tuple(names))
        values = {name: text.strip() for name, text in given.items()}
        is_script = request.headers.get("Accept") == "application/json"
        try:
            done = await act(request, values)
        except OperationError as error:
            if is_script or shown is None:
                raise
            return await shown(request, values, error)
        if is_script:
            return json_answer(done)
        if done.to is not None:
            # To load the view again does not send the form again.
            return redirect(done.to)
        if shown is not None:
            return await shown(request, values, done)
        return await render(request, "done.html", done=done, back=came_from(request))

    add_page(app, "POST", path, answer)
