// The hand-written statements on SQLite (libsql, synchronous like better-sqlite3) and PostgreSQL (pg).
import { readFileSync } from 'node:fs'
import Database from 'libsql'
import pg from 'pg'
import { jwtVerify, importSPKI } from 'jose'

const url = process.env.BENCHMARK_DATABASE
const here = new URL('../', import.meta.url)
export const count = { statements: 0 }

function texts (dialect) {
  const parts = readFileSync(new URL(`${dialect}.sql`, here), 'utf8').split(/^-- name: (\w+)\n/m)
  const found = {}
  for (let i = 1; i < parts.length; i += 2) found[parts[i]] = parts[i + 1].trim()
  return found
}

function sqlite () {
  const database = new Database(url.replace('sqlite:///', ''))
  const prepared = {}
  for (const [name, text] of Object.entries(texts('sqlite'))) {
    const names = [...new Set([...text.matchAll(/(?<!:):([a-z]\w*)/g)].map(one => one[1]))]
    prepared[name] = { statement: database.prepare(text), names }
  }
  return async (name, values) => {
    count.statements++
    const all = { today: '2026-11-23', now: '2026-11-23 09:00:00.000000', ...values }
    if (values.students) all.students = JSON.stringify(values.students)
    const { statement, names } = prepared[name]
    return statement.all(Object.fromEntries(names.map(one => [one, all[one]])))
  }
}

// Connections to PostgreSQL as all servers open them.
export function openPool () {
  const address = new URL(url.replace('@/', '@localhost/'))
  const options = '-c timezone=Europe/Paris -c jit=off -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off'
  return new pg.Pool({
    host: address.searchParams.get('host') ?? address.hostname, database: address.pathname.slice(1),
    user: address.username, max: 8, options
  })
}

function postgresql () {
  pg.types.setTypeParser(pg.types.builtins.DATE, value => value)
  pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, value => value)
  pg.types.setTypeParser(pg.types.builtins.INT8, Number)
  const pool = openPool()
  const prepared = {}
  for (const [name, text] of Object.entries(texts('postgresql'))) {
    const names = []
    const numbered = text.replace(/(?<!:):([a-z]\w*)/g, (_, one) => {
      if (!names.includes(one)) names.push(one)
      return `$${names.indexOf(one) + 1}`
    })
    prepared[name] = { text: numbered, names }
  }
  return async (name, values) => {
    count.statements++
    const all = { today: '2026-11-23', now: '2026-11-23T09:00:00Z', ...values }
    const { text, names } = prepared[name]
    return (await pool.query({ name, text, values: names.map(one => all[one]) })).rows
  }
}

export const read = url.startsWith('sqlite') ? sqlite() : postgresql()

const zone = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Paris', timeZoneName: 'longOffset' })
const offsets = new Map()
// An instant in the school's zone; the offset is worked out once for each hour.
export function instant (value) {
  const at = url.startsWith('sqlite') ? Date.parse(value.slice(0, 19).replace(' ', 'T') + 'Z') : Date.parse(value)
  const hour = Math.floor(at / 3600000)
  let known = offsets.get(hour)
  if (!known) {
    const name = zone.formatToParts(at).find(one => one.type === 'timeZoneName').value.slice(3) || '+00:00'
    const sign = name[0] === '-' ? -1 : 1
    known = { name, shift: sign * (Number(name.slice(1, 3)) * 60 + Number(name.slice(4, 6))) * 60000 }
    offsets.set(hour, known)
  }
  return new Date(at + known.shift).toISOString().slice(0, 19) + known.name
}

const numeric = new Set(['GRADED', 'ABSENT_ZERO', 'NOT_SUBMITTED_ZERO'])
const named = name => name === null ? null : { name }
export const show = {
  lessons: row => ({ title: row.title, startsAt: instant(row.starts_at), endsAt: instant(row.ends_at), status: row.status, subject: named(row.subject_name) }),
  homework: row => ({ dueDate: row.due_date, title: row.title, isDone: row.progress === 'DONE', subject: named(row.subject_name) }),
  grades: row => ({ date: row.date, displayValue: row.display_value, value: numeric.has(row.status) ? row.value : null, outOf: row.out_of, status: row.status, subject: named(row.subject_name) }),
  absences: row => ({ kind: row.kind, startsAt: instant(row.starts_at), justificationStatus: row.justification_status, reason: row.label === null ? null : { label: row.label } }),
  news: row => ({ title: row.title, publishedAt: instant(row.published_at), isRead: Boolean(row.is_read) }),
  conversations: row => ({ subject: row.subject, unreadCount: row.unread_count })
}

const key = await importSPKI(readFileSync(process.env.BENCHMARK_KEY, 'utf8'), 'ES256')
const verified = new Map()
// Each token is verified once a minute, as Passerelle does; the runs are shorter.
export async function guardianOf (header) {
  let known = verified.get(header)
  if (!known) {
    known = (await jwtVerify(header.slice(7), key, { audience: 'passerelle' })).payload.sub
    verified.set(header, known)
  }
  return known
}

// The rows of a statement for each student, at most so many.
export async function byStudent (name, ids, values, most = 1000) {
  const found = new Map(ids.map(id => [id, []]))
  for (const row of await read(name, { students: ids, ...values })) {
    const mine = found.get(row.student)
    if (mine.length < most) mine.push(show[name] ? show[name](row) : row.total)
  }
  return ids.map(id => found.get(id))
}
