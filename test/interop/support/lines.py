# JSON lines between a test and a foreign client: one request a line on standard input, one answer a line on standard output.
"""A script gives `serve` a table of functions. A request is {"id": n, "do": "name", ...arguments}; the answer is
{"id": n, "ok": value} or {"id": n, "error": "one sentence"}. The process ends when standard input ends, so that no child
outlives the test that started it."""

import json
import sys
import traceback


def answer(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def serve(commands, before_exit=None):
    try:
        for line in sys.stdin:
            if not line.strip():
                continue
            request = json.loads(line)
            number, name = request.pop("id"), request.pop("do")
            try:
                answer({"id": number, "ok": commands[name](**request)})
            except Exception as error:  # the test decides what a failure means
                traceback.print_exc(file=sys.stderr)
                answer({"id": number, "error": f"{name}: {type(error).__name__}: {error}"})
    finally:
        if before_exit:
            before_exit()
