// What is reached from where this runs: `node -e … NAME… ADDRESS:PORT…` prints {"name": "address" or "ADDRESS:PORT": "ok"}
// for each that is.
const { lookup } = require("node:dns/promises");
const { connect } = require("node:net");

const reaches = (host, port) =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 });
    const end = (reached) => () => (socket.destroy(), resolve(reached));
    socket.on("connect", end(true)).on("error", end(false)).on("timeout", end(false));
  });

(async () => {
  const found = {};
  for (const target of process.argv.slice(1)) {
    const [host, port] = target.split(":");
    if (port) {
      if (await reaches(host, Number(port))) found[target] = "ok";
    } else {
      const answer = await lookup(host).catch(() => null);
      if (answer) found[target] = answer.address;
    }
  }
  console.log(JSON.stringify(found));
})();
