// GraphQL Yoga with dataloaders.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import DataLoader from 'dataloader'
import { byStudent, count, guardianOf, read, show } from './statements.js'

async function students (context) {
  context.students ??= read('students', { guardian: context.guardian })
  return context.students
}

function load (context, name, id, values, most) {
  context.loaders[name] ??= new DataLoader(ids => byStudent(name, ids, values, most))
  return context.loaders[name].load(id)
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
    schoolClass: row => ({ name: row.class_name }),
    timetable: async (row, given, context) => ({ lessons: await load(context, 'lessons', row.id, given) }),
    homework: async (row, given, context) => ({ nodes: await load(context, 'homework', row.id, given, given.first) }),
    grades: async (row, given, context) => ({ id: row.id, nodes: await load(context, 'grades', row.id, given) }),
    absences: async (row, given, context) => ({ nodes: await load(context, 'absences', row.id, given) })
  },
  GradeConnection: {
    totalCount: async (found, _, context) => (await load(context, 'grade_counts', found.id, {}))[0] ?? 0
  }
}
const yoga = createYoga({
  schema: createSchema({ typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'), resolvers }),
  logging: false,
  context: async ({ request }) => ({ guardian: await guardianOf(request.headers.get('authorization')), loaders: {} })
})
createServer((request, response) => {
  if (request.url === '/statements') return response.end(String(count.statements))
  return yoga(request, response)
}).listen(Number(process.env.PORT), '127.0.0.1')
