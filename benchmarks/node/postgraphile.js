// PostGraphile 5 on types and functions of its own (postgraphile.sql), made when it starts.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { postgraphile } from 'postgraphile'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { guardianOf, openPool } from './statements.js'

// Node.js 22 has it, and PostGraphile 5.1 uses it.
Promise.withResolvers ??= function () {
  const found = {}
  found.promise = new Promise((resolve, reject) => Object.assign(found, { resolve, reject }))
  return found
}

const pool = openPool()
await pool.query(readFileSync(new URL('../postgraphile.sql', import.meta.url), 'utf8'))
let statements = 0
const query = pg.Client.prototype.query
pg.Client.prototype.query = function (...given) { statements++; return query.apply(this, given) }
// Lists are called as the operations call them, not `studentsList`.
const names = {
  name: 'Names',
  version: '1.0.0',
  inflection: {
    replace: {
      computedAttributeListField (_previous, _options, details) { return this.computedAttributeField(details) }
    }
  }
}
const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [names],
  pgServices: [makePgService({ pool, schemas: ['graphile'] })],
  grafserv: { graphqlPath: '/graphql', watch: false, graphiql: false },
  grafast: {
    explain: false,
    context: async ({ node }) => ({
      pgSettings: {
        'graphile.guardian': await guardianOf(node.req.headers.authorization),
        'graphile.now': '2026-11-23T09:00:00Z'
      }
    })
  }
}
const answer = postgraphile(preset).createServ(grafserv).createHandler()
createServer((request, response) => {
  if (request.url === '/statements') return response.end(String(statements))
  return answer(request, response)
}).listen(Number(process.env.PORT), '127.0.0.1')
