"""The parts of `invoke bench`."""

NAMES = {
    "list": "`invoke --list`, beside an empty tasks.py and tasks in Nautobot's style",
    "startup": "what a task costs before and beside its work",
    "dotenv": "`invoke env.check`, 5 to 5,000 variables, beside `docker compose config`",
    "launch": "`invoke dev`, `build` and `stop` of this project, beside compose",
    "services": "1 to 200 services, beside compose, the old script and Nautobot's style",
    "ready": 'how late "ready" is told, beside `up --wait`, the old script and Nautobot\'s style',
    "native": "the stack as processes, without an engine",
    "logs": "`invoke logs`, 1 to 100 MB, beside `docker compose logs` and a follower in Dozzle's way",
    "top": "what `invoke top` costs, and how soon a key is answered",
    "release": "what callers notice of a release, beside `up` and docker-rollout's way",
    "swarm": "what callers notice of a release and of a lost node on a swarm of three",
    "data": "`invoke backup` and `restore`, beside pg_dump and pg_restore",
    "api": "the API in the limits of production: latency, first token, overload, bombs",
    "diagrams": "the API's list and search, 10² to 10⁶ diagrams",
    "page": "until the page can be used, in Chromium",
}
"""The modules that `invoke bench` runs, in this order, and what each measures."""
