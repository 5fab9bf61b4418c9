// Asks one server over several connections, which go through the same requests in turn; prints what autocannon found.
// Read from standard input: {"url", "connections", "duration", "requests": [{"method", "headers", "body"}]}.
import { text } from 'node:stream/consumers'
import autocannon from 'autocannon'

const options = JSON.parse(await text(process.stdin))
console.log(JSON.stringify(await autocannon(options)))
