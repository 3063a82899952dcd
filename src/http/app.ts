/** The routes as one Hono app: guarded, with one form of error, and nothing but these. */
import { type Context, Hono } from 'hono'
import { json, Problem, problemAnswer } from './answers.ts'
import { expectNoBody, readJson } from './body.ts'
import { guard } from './guard.ts'
import { openApi } from './openapi/document.ts'
import { Query } from './query.ts'
import type { Face, Route } from './route.ts'
import { jobRoutes } from './routes/jobs.ts'
import { statusRoutes } from './routes/status.ts'
import { taskRoutes } from './routes/tasks.ts'

/** All but `GET /openapi.json`, which is made of these. */
export const routes: readonly Route[] = [...taskRoutes, ...jobRoutes, ...statusRoutes]

export function makeApp(face: Face): Hono {
  const { options } = face
  const app = new Hono().basePath(options.basePath || '/')
  const documented = [...routes, documentRoute(options.basePath)]

  app.use(async (context, next) => {
    const path = context.req.path.slice(options.basePath.length)
    await guard(context.req.raw, path, options)
    await next()
  })
  for (const route of documented) {
    app.on(route.method, route.path, (context) => route.handle(callOf(context, route, options.bodyLimit), face))
  }
  // What is there, but not by this method.
  for (const path of new Set(documented.map((route) => route.path))) {
    const methods = documented.filter((route) => route.path === path).flatMap(({ method }) => methodsOf(method))
    const allow = methods.join(', ')
    app.all(path, () => {
      throw new Problem(405, 'method_not_allowed', `Expected the method to be one of ${allow}`, { allow })
    })
  }
  app.notFound(() => problemAnswer(new Problem(404, 'no_route', 'There is nothing here; see GET /openapi.json')))
  app.onError((error) => problemAnswer(error))
  return app
}

function callOf(context: Context, route: Route, bodyLimit: number): Parameters<Route['handle']>[0] {
  const { raw } = context.req
  if (route.method !== 'GET' && route.body === undefined) expectNoBody(raw, bodyLimit)
  return {
    request: raw,
    id: context.req.param('id') ?? '',
    query: new Query(new URL(raw.url).searchParams, Object.keys(route.query ?? {})),
    json: () => readJson(raw, bodyLimit),
  }
}

/** A GET answers HEAD as well. */
function methodsOf(method: Route['method']): string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [method]
}

function documentRoute(basePath: string): Route {
  const route: Route = {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This document. It is given to everybody.',
    answers: { 200: { schema: { type: 'object', required: ['openapi', 'paths'] } } },
    handle: () => json(openApi([...routes, route], basePath)),
  }
  return route
}
