/** `piecework/http`: an instance's tasks, jobs and schedules over HTTP. */
export { bearerToken } from './bearer.ts'
export { type HttpHandler, httpHandler } from './handler.ts'
export type { HttpOptions } from './options.ts'
export { type HttpServer, type ServeOptions, serveHttp } from './serve.ts'
