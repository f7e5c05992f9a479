"""Diagrams that the tests draw."""

ORDER = """flowchart LR
  order[Order received] --> paid{Paid?}
  paid -->|yes| pack[Pack the goods]
  pack --> ship[Ship]
  paid -->|no| remind[Remind the customer]
  remind --> paid"""

BROKEN = ORDER.replace("ship[Ship]", "ship[Ship")

NEVER_DRAWN = """stateDiagram-v2
  state A {
    A --> B
  }"""

HOSTILE = {
    "script": 'flowchart LR\n  A["<script>hacked()</script>"] --> B["<b>bold</b>"]',
    "image": 'flowchart LR\n  A["<img src=x onerror=hacked()>"] --> B["<img src=https://evil.example/a.png>"]',
    "link": 'flowchart LR\n  A --> B\n  click A "javascript:hacked()"\n  click B href "https://evil.example/"',
    "callback": 'flowchart LR\n  A --> B\n  click A call hacked()\n  click B hacked "tip"',
    "directive": '%%{init: {"securityLevel": "loose", "htmlLabels": true, "flowchart": {"htmlLabels": true}}}%%\n'
    'flowchart LR\n  A["<img src=x onerror=hacked()>"] --> B',
    "style": '%%{init: {"themeCSS": "@import url(https://evil.example/a.css); * {background: url(https://evil.example)}"}}%%\n'
    "flowchart LR\n  A --> B",
    "escaped style": '%%{init: {"themeCSS": "* {fill: u\\\\72l(https://evil.example/f); '
    "background: image-set('https://evil.example/b' 1x)}\"}}%%\nflowchart LR\n  A --> B",
    "svg": 'sequenceDiagram\n  A->>B: <svg onload=hacked()><iframe src="https://evil.example/"></iframe>',
    "image from elsewhere": 'flowchart LR\n  A@{ img: "https://evil.example/a.png", label: "x" } --> B',
}
