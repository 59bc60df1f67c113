"""The Flask application: addresses, headers, formats, errors."""

import re
from collections.abc import Callable
from dataclasses import replace

import flask
from flask import Flask, Response, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from allegiance.errors import AllegianceError
from allegiance.site import formats
from allegiance.site.addresses import OWN, SHARED, Addresses
from allegiance.site.ask import Ask
from allegiance.site.page import Page, Site, View
from allegiance.site.pages import answers, graphs, home, lists, source, statement, term
from allegiance.site.pages.entity import entity
from allegiance.site.pages.thing import thing
from allegiance.site.passages import Texts
from allegiance.site.settings import Settings
from allegiance.site.vocabulary import Vocabulary
from allegiance.sparql import Dataset, Readers

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""On every answer: texts may be hostile, so a page can run nothing and load nothing foreign."""

_FINDERS: dict[str, Callable[[Site, str], Page | None]] = {
    "id": entity,
    "claim": statement.claim,
    "situation": statement.situation,
    "edge": statement.edge,
    "source": source.source,
    "graph": graphs.named_graph,
    "def": term.term,
    "concept": term.term,
    "shape": term.term,
    "ontology": term.ontology,
}


def create_app(settings: Settings, readers: Readers) -> Flask:
    """Return the pages of one release as a WSGI application.

    settings: what the release is. readers: whoever answers queries on it.
    Every page comes from queries put to the readers; the store is never opened.
    """
    questions = [question.complete(settings.prefixes) for question in settings.questions]
    settings = replace(settings, questions=questions)
    ask = Ask(readers, settings.base, settings.prefixes)
    site = Site(settings, ask, Vocabulary(ask), Addresses(settings.base), Texts(settings.texts))
    app = Flask("allegiance.site")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.filters["kind"] = lambda value: type(value).__name__
    app.after_request(_secure)
    _pages(app, site)
    _queries(app, site)
    _things(app, site)
    _errors(app, site)
    return app


_STEERING = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What no page shows as it came: control characters, and marks that turn the text after them."""


def _secure(response: Response) -> Response:
    response.headers.update(HEADERS)
    if response.mimetype == "text/html" and not response.is_streamed:
        text = response.get_data(as_text=True)
        if _STEERING.search(text):
            response.set_data(_STEERING.sub("\ufffd", text))
    return response


def _pages(app: Flask, site: Site) -> None:
    @app.get("/")
    def first() -> Response:
        return _html(site, home.home(site))

    @app.get("/entities")
    def entities() -> Response:
        return _html(site, lists.entities(site))

    @app.get("/claims")
    def claims() -> Response:
        return _html(site, lists.claims(site, request.args))

    @app.get("/sources")
    def sources() -> Response:
        return _html(site, lists.sources(site))


def _queries(app: Flask, site: Site) -> None:
    # The front sends here who asks for a page; other formats it answers itself.
    @app.route("/sparql", methods=["GET", "POST"])
    def sparql() -> Response:
        query = request.values.get("query", "")
        if request.mimetype == "application/sparql-query":
            query = request.get_data(as_text=True)
        if query.strip():
            dataset = Dataset(
                request.values.getlist("default-graph-uri"),
                request.values.getlist("named-graph-uri"),
            )
            response = _html(site, answers.answers(site, query, dataset=dataset))
        else:
            response = _html(site, home.workbench(site))
        response.vary.add("Accept")
        return response

    @app.get("/questions/<number>")
    def question(number: str) -> Response:
        for one in site.settings.questions:
            if one.number == number:
                return _html(site, answers.answers(site, one.query, question=one))
        return _missing(site)


def _things(app: Flask, site: Site) -> None:
    def found(kind: str, rest: str = "") -> Response:
        iris = site.addresses.iris(f"/{kind}/{rest}" if rest else f"/{kind}")
        for find in (_FINDERS[kind], thing):
            for iri in iris:
                page = find(site, iri)
                if page is not None:
                    return _negotiated(site, page)
                elsewhere = _elsewhere(site, kind, iri)
                if elsewhere:
                    return _redirect(elsewhere)
        return _missing(site)

    for kind in (*OWN, *SHARED):
        app.add_url_rule(f"/{kind}/<path:rest>", kind, found, defaults={"kind": kind})
    app.add_url_rule("/ontology", "whole_ontology", found, defaults={"kind": "ontology"})


def _elsewhere(site: Site, kind: str, iri: str) -> str:
    """Return the address of the page on which a thing without a page of its own is shown."""
    if kind == "claim":
        owner = statement.claim_of(site, iri)
        anchor = iri.removeprefix(owner + "/").partition("/")[0]
    elif kind == "source":
        owner = source.source_of(site, iri)
        anchor = source.anchor_of(iri)
    else:
        return ""
    path = site.addresses.path(owner) if owner else None
    return f"{path}#{anchor}" if path else ""


def _redirect(address: str) -> Response:
    asked = request.query_string.decode("ascii", "replace")
    path, _, anchor = address.partition("#")
    response = flask.redirect(
        f"{request.script_root}{path}{'?' + asked if asked else ''}#{anchor}", 303
    )
    return Response(response.get_data(), response.status_code, response.headers)


def _negotiated(site: Site, page: Page) -> Response:
    """Return a page about a thing in the format that was asked for (RFC 9110, section 12)."""
    chosen = formats.choose(request.accept_mimetypes, request.args.get("format"))
    if isinstance(chosen, formats.Format) and page.graph is not None:
        try:
            body = formats.serialize(page.graph, chosen, site.settings.prefixes)
        except ValueError as error:
            return _unacceptable(f"{chosen.label} cannot hold this graph: {error}")
        response = _bytes(body, chosen.media)
        name = page.iri.rstrip("/").rpartition("/")[2] or "graph"
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "-._") else "-" for c in name)
        response.headers["Content-Disposition"] = f'inline; filename="{safe}.{chosen.name}"'
    elif chosen == formats.HTML:
        response = _html(site, page)
        for form in formats.GRAPHS:
            link = f'<?format={form.name}>; rel="alternate"; type="{form.media}"'
            response.headers.add("Link", link)
    else:
        offered = ", ".join(["text/html", *(form.media for form in formats.GRAPHS)])
        response = _unacceptable(f"this page comes as {offered}")
    response.vary.add("Accept")
    return response


def _html(site: Site, page: Page) -> Response:
    view = View(site, page.names, request.script_root)
    html = flask.render_template(
        page.template, page=page, view=view, settings=site.settings, formats=formats, **page.shows
    )
    return Response(html, page.status, content_type="text/html; charset=utf-8")


def _bytes(body: bytes, media: str) -> Response:
    text = media.startswith("text/") and "charset" not in media
    return Response(body, content_type=f"{media}; charset=utf-8" if text else media)


def _unacceptable(offered: str) -> Response:
    return Response(f"Not acceptable: {offered}.\n", 406, content_type="text/plain; charset=utf-8")


def _missing(site: Site) -> Response:
    return _html(site, Page("missing.html", "Nothing here", site.names(), status=404))


def _errors(app: Flask, site: Site) -> None:
    @app.errorhandler(404)
    def missing(error: HTTPException) -> Response:
        return _missing(site)

    @app.errorhandler(AllegianceError)
    def failed(error: AllegianceError) -> Response:
        page = Page(
            "failed.html",
            "This page could not be made",
            site.names(),
            shows={"error": error},
            status=503,
        )
        response = _html(site, page)
        response.headers["Retry-After"] = "5"
        return response
