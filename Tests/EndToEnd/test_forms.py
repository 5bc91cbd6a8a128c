"""The pages of a form, read and filled in as a browser without scripts does."""

import dataclasses
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser

import pytest
from google.protobuf import json_format
from imports import COLUMNS, csv_file, import_file, make_customers
from rapport.forms.v1 import form_pb2, form_service_pb2, form_service_pb2_grpc
from story import data

_EVIL = "</legend><script>alert('x')</script>\"'&"
_VOID = {"meta", "input"}


class Document(HTMLParser):
    """A page: its controls, labels and texts. Raises where an element is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.controls: list[dict[str, str | None]] = []
        self.labels: set[str] = set()
        self.texts: dict[str, list[str]] = {}
        self.elements: list[str] = []
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self._open == [], "an element is not closed"

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"an attribute of {tag} stands twice"
        self.elements.append(tag)
        if tag == "label" and "for" in attributes:
            self.labels.add(attributes["for"])
        if tag in {"input", "textarea", "button"}:
            within = {name for name, _ in self._open}
            self.controls.append(attributes | {"tag": tag, "labelled": "label" in within})
        if tag not in _VOID:
            self._open.append((tag, attributes))

    def handle_endtag(self, tag):
        assert self._open and self._open[-1][0] == tag, f"</{tag}> closes something else"
        self._open.pop()

    def handle_data(self, text):
        if self._open:
            self.texts.setdefault(self._open[-1][0], []).append(text)

    def fields(self) -> list[tuple[str, str]]:
        """What the browser would send if nothing was touched, without a button."""
        sent = []
        for control in self.controls:
            chosen = control.get("type") not in {"radio", "checkbox"} or "checked" in control
            if control["tag"] == "input" and chosen and control.get("type") != "submit":
                sent.append((control["name"] or "", control.get("value") or ""))
        return sent


@dataclasses.dataclass
class Answer:
    """What came back."""

    status: int
    url: str
    html: str


def fetch(url: str, fields: list[tuple[str, str]] | None = None) -> Answer:
    body = None if fields is None else urllib.parse.urlencode(fields).encode()
    try:
        with urllib.request.urlopen(url, body, timeout=60) as answer:
            return Answer(answer.status, answer.url, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, url, error.read().decode())


def text(english: str) -> dict:
    return {"texts": {"en": english}}


def definition(table: str) -> form_pb2.Form:
    questions = [
        {
            "id": "reason",
            "label": text(_EVIL),
            "required": True,
            "choice": {"choices": [{"id": name, "label": text(_EVIL)} for name in ("price", "other")]},
        },
        {
            "id": "detail",
            "label": text("Detail"),
            "showIf": {"answer": {"question": "reason", "equals": {"stringValue": "other"}}},
            "text": {"long": True},
        },
        {"id": "born", "label": text("Born"), "date": {}},
        {"id": "amount", "label": text("Amount"), "number": {}},
        {"id": "agreed", "label": text("Agreed"), "consent": {}},
    ]
    return json_format.ParseDict(
        {
            "profileTable": table,
            "defaultLanguage": "en",
            "title": text("Title"),
            "policy": "PARTICIPATION_POLICY_ONCE_EDITABLE",
            "publicLink": True,
            "pages": [
                {"id": "one", "questions": questions},
                {"id": "two", "questions": [{"id": "mail", "label": text("Mail"), "required": True, "email": {}}]},
            ],
        },
        form_pb2.Form(),
    )


@pytest.fixture(scope="module")
def form(suite):
    """A published form over one profile, its name, and a channel that may write."""
    entity, channel = suite.entity()
    table = make_customers(channel, entity)
    import_file(channel, table, csv_file(COLUMNS, [data.customer_row(1)]))
    stub = form_service_pb2_grpc.FormServiceStub(channel)
    made = stub.CreateForm(
        form_service_pb2.CreateFormRequest(parent=entity, form_id="survey", form=definition(table)), timeout=60
    )
    return stub, stub.PublishForm(form_service_pb2.PublishFormRequest(name=made.name), timeout=60)


def participations(stub, form):
    request = form_service_pb2.ListParticipationsRequest(parent=form.name)
    return stub.ListParticipations(request, timeout=60).participations


def personal_link(stub, form) -> str:
    profile = f"{form.profile_table}/profiles/customerCode={data.customer_row(1)['customerCode']}"
    request = form_service_pb2.CreatePersonalLinkRequest(parent=form.name, profile=profile)
    return stub.CreatePersonalLink(request, timeout=60).url


def test_a_page_is_whole_labelled_and_without_scripts(form):
    answer = fetch(form[1].public_url)
    page = Document(answer.html)
    assert "script" not in page.elements
    assert [part for part in page.texts["legend"] if part.strip()] == [_EVIL]
    for control in page.controls:
        if control["tag"] != "button" and control.get("type") != "hidden":
            assert control["labelled"] or control.get("id") in page.labels, control


def test_a_form_is_filled_in_page_by_page_and_changed(form):
    stub, shown = form
    link = personal_link(stub, shown)
    first = Document(fetch(link).html)
    brought = fetch(link, [*first.fields(), ("reason", "other"), ("born", "1975-02-28"), ("_go", "next")])
    assert "detail" in {control.get("name") for control in Document(brought.html).controls}
    typed = [("detail", "<b>moved</b>"), ("amount", "12.50"), ("agreed", "true"), ("_go", "next")]
    kept = [field for field in Document(brought.html).fields() if field[0] not in {"amount", "agreed"}]
    second = fetch(link, kept + typed)
    assert {name for name, _ in Document(second.html).fields()} >= {"reason", "detail", "amount", "mail"}
    wrong = fetch(link, [field for field in Document(second.html).fields() if field[0] != "mail"] + [("mail", "x")])
    assert wrong.status == 422 and 'role="alert"' in wrong.html
    last = [field for field in Document(wrong.html).fields() if field[0] != "mail"]
    done = fetch(link, [*last, ("mail", "Alice@Example.test")])
    assert done.status == 200 and done.url.endswith("?done=1")
    (made,) = participations(stub, shown)
    assert made.answers["detail"].string_value == "<b>moved</b>"
    assert made.answers["mail"].string_value == "alice@example.test"
    assert made.answers["agreed"].bool_value and made.answers["born"].date_value.year == 1975
    assert (made.answers["amount"].decimal_value.low, made.answers["amount"].decimal_value.scale) == (1250, 2)

    again = Document(fetch(link).html)
    assert ("reason", "other") in again.fields() and ("amount", "12.50") in again.fields()
    assert participations(stub, shown) == [made], "looking at the page changed something"


def test_a_link_that_was_changed_leads_nowhere(form):
    link = personal_link(*form)
    head, _, token = link.rpartition("/")
    for forged in (token[:-2], token[:10] + ("A" if token[10] != "A" else "B") + token[11:], "x", ""):
        assert fetch(f"{head}/{forged}").status == 404
        assert fetch(f"{head}/{forged}", [("reason", "price")]).status in {404, 405}
