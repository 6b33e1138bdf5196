"""agents/python/agent.py with the work of the flow `survey`: twelve items, of which two come to nothing."""

import os
import sys
from http.server import ThreadingHTTPServer

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import agent  # noqa: E402

ITEMS, LOST = 12, (5, 9)
usual = agent.work


def work(attempt):
    task = attempt.task
    if "max_items" in task:
        attempt.items = min(ITEMS, task["max_items"])
    if task.get("branch") in LOST:
        raise agent.Failed("nothing_found", f"item {task['branch']} has come to nothing", False)
    return usual(attempt)


agent.work = work
host, _, port = os.environ["AGENT_BIND"].rpartition(":")
ThreadingHTTPServer((host, int(port)), agent.Handler).serve_forever()
