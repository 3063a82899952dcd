/** The OpenAPI document of the routes, made of what each says of itself. */
import type { Route } from '../route.ts'
import { refTo, schemas } from './schemas.ts'

/** Why any route may not answer, and why one may not that is sent something. */
const always = [403, 503]
const withBody = [400, 413, 415]

const meanings: Readonly<Record<number, string>> = {
  200: 'Done',
  201: 'Added',
  400: 'It cannot be understood, or names what there is not',
  403: 'You may not',
  404: 'There is none',
  409: 'It is not in a state for this',
  413: 'It is too large',
  415: 'It is not JSON',
  503: 'Not now',
}

export function openApi(routes: readonly Route[], basePath: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Piecework',
      version: '1',
      description: 'Without an `authorize` of the app, whatever changes something answers 403.',
    },
    servers: [{ url: basePath || '/' }],
    paths,
    components: { schemas },
  }
}

function operation({ method, path, summary, query = {}, body, answers, problems = [] }: Route): object {
  const inPath = path.includes(':id') ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] : []
  const inQuery = Object.entries(query).map(([name, schema]) => ({ name, in: 'query', required: false, schema }))
  const sent = method === 'GET' ? [] : withBody
  const asked = inPath.length + inQuery.length > 0 ? [400] : []
  const wrong = [...new Set([...always, ...sent, ...asked, ...problems])]
  return {
    summary,
    ...(inPath.length + inQuery.length > 0 ? { parameters: [...inPath, ...inQuery] } : {}),
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {}),
    responses: Object.fromEntries([
      ...Object.entries(answers).map(([status, form]) => [
        status,
        { description: meanings[Number(status)], ...as(form) },
      ]),
      ...wrong.map((status) => [status, { description: meanings[status], ...as({ schema: refTo('Problem') }) }]),
    ]),
  }
}

function as(form: Route['answers'][number]): object {
  if ('schema' in form) return { content: { 'application/json': { schema: form.schema } } }
  return { content: { [form.type]: { schema: { type: 'string' } } } }
}
