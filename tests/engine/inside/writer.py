"""A caller that writes rows, one after the other, and tells of each `ok NUMBER VERSION` or `failed NUMBER WHY`.

Its arguments: the service's URL, and the file into which it tells that.
"""

import sys
import time
import urllib.request
from itertools import count
from pathlib import Path

url, file = sys.argv[1:]
with Path(file).open("a", encoding="utf-8", buffering=1) as told:
    for number in count():
        asked = urllib.request.Request(f"{url}/row={number}", data=b"", method="POST")
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                said = "ok", answer.read().decode()
        except OSError as error:
            said = "failed", type(error).__name__ + " " + str(error)
        print(said[0], number, said[1], file=told)
        time.sleep(0.02)
