"""What schemathesis cannot know from the OpenAPI document.

Real workflows and a real approval link take the place of most generated ones, so that requests get further than to
"not found". Rules across fields, which JSON Schema does not say, are kept in requests that are meant to be valid.
What is meant to be invalid stays as it was generated.
"""

import atexit
import collections
import itertools
import json
import os
import time
import urllib.error
import urllib.request

import schemathesis

API = os.environ["AEGIS_API_URL"]
TOPIC = "Impact of quantum computing on cryptography"
PATIENCE = 60


def call(method, path, body=None, token=None):
    request = urllib.request.Request(API + path, method=method)
    if token:
        request.add_header("authorization", f"Bearer {token}")
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, data, timeout=20) as answer:
        return json.load(answer)


def prepared():
    """Workflows that wait, that were cancelled and that went on, the tokens of links, and a workflow that keeps waiting."""
    ids = [call("POST", "/workflows", {"topic": TOPIC})["workflow_id"] for _ in range(5)]
    deadline = time.monotonic() + PATIENCE
    for one in ids:
        while call("GET", f"/workflows/{one}")["status"] != "awaiting_approval":
            if time.monotonic() > deadline:
                raise RuntimeError(f"{one} does not come to its approval")
            time.sleep(0.2)
    call("POST", f"/workflows/{ids[0]}/cancel", {})
    call("POST", f"/approve/{ids[1]}", {"decision": "approve"})
    links = [
        call("POST", f"/workflows/{one}/approval-links", {"approver": "ada"})["url"].rsplit("/", 1)[1]
        for one in ids[2:4]
    ]
    return ids[:4], links, ids[4]


# Nobody but requests for links is given the one that waits, so that no other request ends its wait.
IDS, TOKENS, WAITING = prepared()
CALLBACKS = "/callbacks/{id}"
LINKS = "/workflows/{id}/approval-links"
REVIEW = "/workflows/{id}/review"
NAMES = ["evidence.json", "analysis.json", "report.md"]


CALLS = itertools.count()

# Each is `{"id", "token", "step", "attempt"}`. One that was reported as done makes room for the next.
ATTEMPTS = json.loads(os.environ["AEGIS_ATTEMPTS"])
# Nobody reports about these, so that requests for their files get further than to "superseded".
AT_WORK = [ATTEMPTS.pop() for _ in range(4)]
ANSWERED = collections.defaultdict(collections.Counter)
SIGN_OF_LIFE_EVERY = 5
last_signs = [0.0]


@atexit.register
def write_answers():
    with open("answered.json", "w") as file:
        json.dump(ANSWERED, file)


def keep_alive():
    """An attempt of which nothing is heard is given up by the platform."""
    if time.monotonic() - last_signs[0] < SIGN_OF_LIFE_EVERY:
        return
    last_signs[0] = time.monotonic()
    for one in ATTEMPTS + AT_WORK:
        report = {"kind": "progress", "step": one["step"], "attempt": one["attempt"], "message": "at work"}
        try:
            call("POST", f"/callbacks/{one['id']}", report, one["token"])
        except urllib.error.HTTPError as error:
            if error.code == 409 and one in ATTEMPTS and len(ATTEMPTS) > 1:
                ATTEMPTS.remove(one)


def chosen(value, known):
    """The known ones in turn, and each fourth time the value."""
    number = next(CALLS)
    return value if number % 4 == 3 else known[number % len(known)]


def is_name(value):
    return value.isascii() and value[:1].isalnum() and "/" not in value


def is_token(value):
    return value.startswith("v1.") and value.count(".") == 4


def is_id(value):
    return len(value) == 29 and value.startswith("wf_") and value[3:].isalnum() and value == value.lower()


def report_about_an_attempt(case):
    """Each fourth report goes as it was generated: without a token, or with one that is none. So does one that is to be
    refused for its missing token."""
    number = next(CALLS)
    phase = getattr(getattr(case.meta, "phase", None), "data", None)
    if number % 4 == 3 or str(getattr(phase, "parameter", None)).lower() == "authorization":
        return
    known = ATTEMPTS if case.operation.path == CALLBACKS else AT_WORK
    one = known[number % len(known)]
    (case.path_parameters or {})["id"] = one["id"]
    case.headers["Authorization"] = f"Bearer {one['token']}"
    if isinstance(case.body, dict):
        for name in ("step", "attempt"):
            # What was made to be wrong stays wrong.
            if case.body.get(name) is not None and isinstance(case.body[name], type(one[name])):
                case.body[name] = one[name]


@schemathesis.hook
def after_call(context, case, response):
    path = case.operation.path
    if path.startswith(CALLBACKS) and "v1." in str(case.headers.get("Authorization")):
        ANSWERED[path][str(response.status_code)] += 1
    if path == LINKS and (case.path_parameters or {}).get("id") == WAITING:
        ANSWERED[path][str(response.status_code)] += 1


def sendable(key):
    """HTTP does not carry spaces at the beginning of a header, and the client refuses to send them: as long without."""
    rest = key.lstrip(" ")
    return "0" * (len(key) - len(rest)) + rest if rest else ""


@schemathesis.hook
def before_call(context, case, **kwargs):
    keep_alive()
    for name, value in list((case.headers or {}).items()):
        if name.lower() == "idempotency-key" and isinstance(value, str):
            case.headers[name] = sendable(value)
    path = case.path_parameters or {}
    if case.operation.path.startswith(CALLBACKS):
        report_about_an_attempt(case)
        if case.meta is not None and case.meta.generation.mode.is_positive:
            if isinstance(path.get("name"), str):
                # All of them are claimed.
                path["name"] = chosen(seen(path["name"]) or "a", ["_claim.json"])
            if isinstance(case.body, dict):
                consistent(case.body)
        return
    for name, known, fits in (("id", IDS, is_id), ("token", TOKENS, is_token), ("name", NAMES, is_name)):
        value = path.get(name)
        if isinstance(value, str) and fits(value):
            path[name] = chosen(value, [WAITING] if case.operation.path == LINKS and name == "id" else known)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if isinstance(case.query, dict):
        # Only a page that was given out before has one.
        case.query.pop("cursor", None)
        if case.operation.path == REVIEW and next(CALLS) % 2:
            # Most numbers name no revision.
            case.query.pop("revision", None)
    if isinstance(case.body, dict):
        consistent(case.body)


def seen(value):
    """Without what the API refuses in text beyond its patterns: joiners and variation selectors, and what is not shown
    above U+FFFF. Nor a newline, which Python's `$` lets stand at the end of a line."""
    if isinstance(value, dict):
        return {seen(key): seen(one) for key, one in value.items()}
    if isinstance(value, list):
        return [seen(one) for one in value]
    if isinstance(value, str):
        return "".join(c for c in value if c.isprintable() and not is_selector(c))
    return value


def is_selector(c):
    return "\u180b" <= c <= "\u180f" or "\ufe00" <= c <= "\ufe0f" or "\U000e0000" <= c <= "\U000e0fff"


def consistent(body):
    if "kind" not in body:
        # Not a report: agents may say anything.
        for name, value in list(body.items()):
            body[name] = seen(value)
    if isinstance(body.get("topic"), str):
        body["topic"] = ("about " + body["topic"])[:1000]
    # What a request may say besides is said by its flow, which the description of the API does not know.
    if "flow" in body:
        body["flow"] = "report"
    if "parameters" in body:
        body["parameters"] = {"depth": "quick", "sources": ["corpus:builtin"]} if body["parameters"] else {}
    if isinstance(body.get("approvals"), dict):
        body["approvals"] = {"findings": one for one in body["approvals"].values()}
        for one in body["approvals"].values():
            possible(one)
    possible(body.get("approval"))
    if body.get("artifacts"):
        # None lies where a made-up key says.
        body["artifacts"] = []
    if body.get("decision") == "request_changes":
        body["comment"] = ("more: " + str(body.get("comment") or ""))[:2000]
    if isinstance(body.get("approver"), str):
        body["approver"] = ("a " + body["approver"])[:128]
    if isinstance(body.get("tags"), dict):
        # A key may have become empty.
        body["tags"] = {("k " + key)[:64]: value for key, value in body["tags"].items()}


def possible(approval):
    """Rules across the fields of an approval."""
    if not isinstance(approval, dict):
        return
    for names in ("approvers", "escalate_to"):
        if isinstance(approval.get(names), list):
            # No two of them alike.
            start = names[0]
            approval[names] = [f"{start}{number} {name}"[:128] for number, name in enumerate(approval[names])]
    # Both may be said in two places, of which the narrower one counts.
    approval["required"] = 1
    if approval.get("on_timeout") == "escalate" and not approval.get("escalate_to"):
        approval["escalate_to"] = ["zoe"]
