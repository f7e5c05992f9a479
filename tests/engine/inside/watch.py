"""Ask a service for its health every 20 ms until a file appears: `watch.py HOST PORT FILE`.

Prints one JSON object: `answers`, how long each took, in ms; `waits`, how late this process woke from each pause, in
ms, which is what the machine keeps any process waiting; `failures`, what was no 200. Needs nothing but Python, so that
it can run within a container too.
"""

import http.client
import json
import os
import sys
import time

host, port, enough = sys.argv[1], int(sys.argv[2]), sys.argv[3]
answers, waits, failures = [], [], []
connection = http.client.HTTPConnection(host, port, timeout=10)
while not os.path.exists(enough):  # noqa: PTH110 - pathlib takes longer to import than all the rest
    begun = time.perf_counter()
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        said = answer.read()
    except OSError as error:
        failures.append(repr(error))
        connection.close()
    else:
        answers.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:
            failures.append(f"{answer.status} {said.decode()}")
    begun = time.perf_counter()
    time.sleep(0.02)
    waits.append((time.perf_counter() - begun) * 1000 - 20)
json.dump({"answers": answers, "waits": waits, "failures": failures}, sys.stdout)
