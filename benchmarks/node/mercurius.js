// Mercurius with its JIT and its loaders.
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { byStudent, count, guardianOf, read, show } from './statements.js'

const app = Fastify()
const schema = readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8')

async function students (context) {
  context.students ??= read('students', { guardian: context.guardian })
  return context.students
}

const resolvers = {
  Query: {
    viewer: async (_, __, context) => ({ students: await students(context) }),
    conversations: async (_, __, context) =>
      ({ nodes: (await read('conversations', { guardian: context.guardian })).map(show.conversations) }),
    news: async (_, __, context) => {
      const ids = (await students(context)).map(one => one.id)
      return { nodes: (await read('news', { students: ids, guardian: context.guardian })).map(show.news) }
    }
  },
  Student: {
    displayName: row => `${row.first_name} ${row.last_name}`,
    schoolClass: row => ({ name: row.class_name })
  }
}
const ids = queries => queries.map(one => one.obj.id)
const loaders = {
  Student: {
    timetable: async queries => (await byStudent('lessons', ids(queries), queries[0].params)).map(lessons => ({ lessons })),
    homework: async queries =>
      (await byStudent('homework', ids(queries), queries[0].params, queries[0].params.first)).map(nodes => ({ nodes })),
    grades: async queries => {
      const found = await byStudent('grades', ids(queries), queries[0].params)
      return found.map((nodes, index) => ({ nodes, id: queries[index].obj.id }))
    },
    absences: async queries => (await byStudent('absences', ids(queries), queries[0].params)).map(nodes => ({ nodes }))
  },
  GradeConnection: {
    totalCount: async queries => (await byStudent('grade_counts', ids(queries), {})).map(one => one[0] ?? 0)
  }
}
app.register(mercurius, {
  schema, resolvers, loaders, jit: 1, path: '/graphql',
  context: async request => ({ guardian: await guardianOf(request.headers.authorization) })
})
app.get('/statements', async () => String(count.statements))
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
