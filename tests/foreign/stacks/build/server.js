const text = `${process.env.GREETING} from ${require('fs').readdirSync('.').includes('server.js') ? 'here' : 'nowhere'}`;
require('http').createServer((_, answer) => answer.end(text)).listen(3000, () => console.log('web: listening'));
