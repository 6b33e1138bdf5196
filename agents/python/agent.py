#!/usr/bin/env python3
"""An agent for aegis that needs Python 3.10 and nothing else: no package, no AWS credentials.

Copy this file and write your own `work`. What all the rest is for: docs/http-agents.md.
`AGENT_BIND=127.0.0.1:9100 python3 agent.py` serves there; without the variable at 0.0.0.0:8080.
"""

import contextlib
import hashlib
import http.client
import json
import os
import random
import threading
import time
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SESSION = "x-amzn-bedrock-agentcore-runtime-session-id"
CLAIM, RECORD = "_claim.json", "_completed.json"
PASSING = {0, 403, 408, 425, 429, *range(500, 600)}  # answers after which the same request may succeed


def work(attempt):
    """What this agent is there for: a line about each input. Returns the artifact, its media type and a summary."""
    lines = [f"# {attempt.task['topic']}", ""]
    for given in attempt.task["inputs"]:
        attempt.message = f"reading {given['name']}"
        data = attempt.read_input(given)
        first = data.decode(errors="replace").partition("\n")[0]
        lines.append(f"- `{given['name']}` of `{given['step']}` has {len(data)} bytes and begins: {first}")
    for gap in attempt.task.get("gaps", []):
        lines.append(f"- branch {gap['branch']} of `{gap['step']}` is missing: {gap['code']}")
    return "\n".join([*lines, ""]).encode(), "text/markdown", f"{len(attempt.task['inputs'])} inputs were read"


class Stopped(Exception):
    """Nobody wants what this attempt makes any more."""


class Failed(Exception):
    """Reported as it is: a code in lower_snake_case, what happened, and whether another attempt may help."""

    def __init__(self, code, message, retryable):
        super().__init__(message)
        self.code, self.retryable = code, retryable


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        """A redirect would carry the token elsewhere."""


HTTP = urllib.request.build_opener(NoRedirects)


def send(method, url, data, headers):
    """One request: status and body. Status 0: no answer."""
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with HTTP.open(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error).encode()


class Attempt:
    """One attempt of one step, in one session."""

    def __init__(self, task, session):
        self.task, self.session = task, session
        self.message, self.record, self.items = "at work", None, None  # `work` may set message and items
        self.of = {key: task[key] for key in ("step", "branch", "attempt") if key in task}
        self.stop, self.over = threading.Event(), threading.Event()
        self.deadline = datetime.fromisoformat(task["deadline_at"].replace("Z", "+00:00")).timestamp()
        self.until = time.time() + 15  # an invocation is answered soon, with an error if need be

    def tries(self):
        """Again after longer and longer pauses, while there is time."""
        longest = 0.25
        while time.time() < self.until:
            if self.stop.is_set():
                raise Stopped
            yield
            self.stop.wait(random.uniform(0, longest))
            longest = min(2 * longest, 30)
        raise Failed("deadline_exceeded", "there was no time to try again", True)

    def ask(self, method, url, body=None):
        """With the task's token. It goes to the platform alone. 401 and 409: stop."""
        headers = {"authorization": f"Bearer {self.task['callback']['token']}", "content-type": "application/json"}
        status, answer = send(method, url, json.dumps(body).encode() if body else None, headers)
        if status in (401, 409):
            self.stop.set()
            raise Stopped
        return status, answer

    def transfer(self, expected, method, url, asked=None, data=None):
        """Asks for the signed request that reads or puts a file, and sends it as it is."""
        for _ in self.tries():
            status, answer = self.ask(method, url, asked)
            if status == 200:
                signed = json.loads(answer)
                status, answer = send(signed["method"], signed["url"], data, signed["headers"])
            if status in expected:
                return status, answer
            # 409 of the bucket: another put of this file is under way.
            if status != 409 and status not in PASSING:
                raise Failed("storage_unavailable", f"a file cannot be read or put: status {status}", True)

    def read(self, url):
        """None: there is no such file."""
        status, answer = self.transfer((200, 404), "GET", url)
        return answer if status == 200 else None

    def read_input(self, given):
        data = self.read(given["url"])
        if data is None or hashlib.sha256(data).hexdigest() != given["sha256"]:
            raise Failed("input_invalid", f"{given['name']} is not what its step wrote", False)
        return data

    def put(self, name, data, media_type="application/json"):
        """Whether it was written. False: a file of this name lies there, and stays."""
        asked = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "media_type": media_type}
        return self.transfer((200, 412), "POST", self.url(name), asked, data)[0] == 200

    def url(self, name):
        return f"{self.task['artifacts']['url']}/{name}"

    def report(self, kind, **fields):
        return self.ask("POST", self.task["callback"]["url"], {"kind": kind, **self.of, **fields})

    def begin(self):
        """Claims the attempt. None: it belongs to another session."""
        done = self.read(self.url(RECORD))
        if done is not None:
            self.record = json.loads(done)
            return "already_completed"
        claim = json.dumps({"session": self.session, "invocation": uuid.uuid4().hex}).encode()
        if not self.put(CLAIM, claim):
            # Ours: of a process that died, or of a put whose answer was lost. What that life put stays.
            if json.loads(self.read(self.url(CLAIM)))["session"] != self.session:
                return None
        return "accepted"

    def run(self):
        self.until = self.deadline
        try:
            if self.record is None:
                threading.Thread(target=self.beat, daemon=True).start()
                self.record = self.publish(*work(self))
            told = ("summary", "artifacts", "items", "usage")
            self.conclude("succeeded", **{key: self.record[key] for key in told if key in self.record})
        except Stopped:
            print("attempt stopped", flush=True)
        except Exception as error:
            code, again = getattr(error, "code", "agent_failed"), getattr(error, "retryable", True)
            error = {"code": code, "message": str(error)[:1000] or code, "retryable": again}
            with contextlib.suppress(Stopped, Failed):
                self.conclude("failed", error=error)
        finally:
            self.over.set()
            AT_WORK.pop(self.task["output_prefix"])

    def publish(self, data, media_type, summary):
        """The artifact first, then the record of it: where the report is lost, the platform finds the record."""
        name = self.task["writes"]
        if not self.put(name, data, media_type):
            data = self.read(self.url(name))
        artifact = {"name": name, "key": self.task["output_prefix"] + name, "media_type": media_type}
        artifact |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        record = self.of | {key: self.task[key] for key in ("schema_version", "workflow_id")}
        record |= {} if self.items is None else {"items": self.items}
        record |= {"completed_at": now.replace("+00:00", "Z"), "summary": summary[:2000], "artifacts": [artifact]}
        record["usage"] = {"input_tokens": 0, "output_tokens": 0, "cost_usd": 0}
        if not self.put(RECORD, json.dumps(record).encode()):
            record = json.loads(self.read(self.url(RECORD)))
        return record

    def conclude(self, kind, **fields):
        for _ in self.tries():
            status, answer = self.report(kind, **fields)
            if status == 200 or status not in PASSING | {404}:
                return print(f"reported {kind}: {status} {answer[:300]}", flush=True)

    def beat(self):
        """A silent agent is given up."""
        with contextlib.suppress(Stopped):
            while not self.over.wait(min(self.task["heartbeat_seconds"] / 3, 60)):
                self.report("progress", message=self.message)


LOCK = threading.Lock()
AT_WORK = {}  # attempts by their prefix


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, {"status": "HealthyBusy" if AT_WORK else "Healthy"})

    def do_POST(self):
        session = self.headers.get(SESSION, "")
        try:
            task = json.loads(self.rfile.read(int(self.headers["content-length"])))
            attempt, place = Attempt(task, session), task["output_prefix"]
            if not 33 <= len(session) <= 256 or task["schema_version"] > 1:
                raise ValueError("the session is none, or the task is newer than this agent")
        except (KeyError, TypeError, ValueError) as error:
            return self.answer(400, {"code": "invalid_task", "detail": repr(error)})
        with LOCK:
            if place in AT_WORK:
                return self.answer(200, {"status": "already_running"})
            AT_WORK[place] = attempt
        try:
            status = attempt.begin()
        except Exception as error:
            AT_WORK.pop(place)
            return self.answer(503, {"code": "storage_unavailable", "detail": repr(error)})
        if status is None:
            AT_WORK.pop(place)
            return self.answer(409, {"code": "claimed_elsewhere", "detail": "another session has the attempt"})
        threading.Thread(target=attempt.run, daemon=True).start()
        self.answer(200, {"status": status})

    def do_DELETE(self):
        session = self.path.removeprefix("/invocations/")
        found = [attempt for attempt in list(AT_WORK.values()) if attempt.session == session]
        for attempt in found:
            attempt.stop.set()
        self.answer(200 if found else 404, {})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Requests are not logged."""


if __name__ == "__main__":
    host, _, port = os.environ.get("AGENT_BIND", "0.0.0.0:8080").rpartition(":")
    ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
