/** The figures for Prometheus, read by a parser that takes nothing that Prometheus would not. */
import { describe, expect, test } from 'vitest'
import { httpHandler, serveHttp } from '../../src/http/index.ts'
import { job, task } from '../../src/index.ts'
import { byCurl, byHandler, curlReason, hasCurl, workOf } from './kit.ts'

interface Metrics {
  readonly types: Map<string, string>
  /** By name and labels, as in `tasks{"name":"a","state":"waiting"}`. */
  readonly samples: Map<string, number>
}

const metricName = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\n"])*"'
const sampleLine = new RegExp(
  `^(${metricName})(?:\\{(${label}(?:,${label})*)\\})? (-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|NaN|[+-]Inf)$`,
)

/** The text format 0.0.4. @throws on anything else. */
function parse(text: string): Metrics {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const types = new Map<string, string>()
  const helped = new Set<string>()
  const samples = new Map<string, number>()
  let family = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const [, help] = new RegExp(`^# HELP (${metricName}) .+$`).exec(line) ?? []
    const [, typed, type] = new RegExp(`^# TYPE (${metricName}) (counter|gauge)$`).exec(line) ?? []
    if (help !== undefined) {
      if (helped.has(help)) throw new Error(`two helps: ${line}`)
      helped.add(help)
      family = help
    } else if (typed !== undefined) {
      if (typed !== family || types.has(typed)) throw new Error(`a type out of place: ${line}`)
      types.set(typed, type!)
    } else {
      const [, name, labels = '', value] = sampleLine.exec(line) ?? []
      if (name !== family || !types.has(name)) throw new Error(`not a sample of ${family}: ${line}`)
      if (types.get(name) === 'counter' && !name.endsWith('_total')) throw new Error(`a counter's name: ${line}`)
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, raw]) => [key, unescaped(raw!)])
      if (new Set(pairs.map(([key]) => key)).size < pairs.length) throw new Error(`a label twice: ${line}`)
      const key = `${name.replace('piecework_', '')}${JSON.stringify(Object.fromEntries(pairs))}`
      if (samples.has(key)) throw new Error(`a sample twice: ${line}`)
      samples.set(key, Number(value))
    }
  }
  return { types, samples }
}

function unescaped(raw: string): string {
  return raw.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one))
}

const hostile = 'a "quoted" \\ name\\n {x="y"} # <b>'

describe('GET /metrics', () => {
  test.each(['curl', 'handler'] as const)(
    'counts events since it began and shows how things are: by %s',
    async (way) => {
      const hard = task(hostile, { run: () => {} })
      const easy = task('easy', { run: () => 1 })
      const pages = job('pages', { map: () => 1 })
      const work = workOf([hard, easy, pages])
      const handler = httpHandler(work)
      const server = await serveHttp(work, { port: 0 })
      await work.add([easy.with(), easy.with(), hard.with(undefined, { delay: '1h' })])
      await work.run(pages, [1, 2], { id: 'book' })
      await work.drain()
      await work.pause(hard)
      await work.start()
      const ask = way === 'curl' && hasCurl ? byCurl(server.address) : byHandler(handler)
      if (way === 'curl' && !hasCurl) console.log(`not by curl: ${curlReason}`)
      const { status, type, text } = await ask('GET', '/metrics')
      expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
      const { samples, types } = parse(text)
      expect([...types.keys()]).toHaveLength(10)
      const is = (name: string, labels: object) => samples.get(`${name}${JSON.stringify(labels)}`)
      expect(is('events_total', { event: 'added', name: 'easy' })).toBe(2)
      expect(is('events_total', { event: 'completed', name: 'easy' })).toBe(2)
      expect(is('events_total', { event: 'added', name: hostile })).toBe(1)
      expect(is('tasks', { name: 'easy', state: 'completed' })).toBe(2)
      expect(is('tasks', { name: hostile, state: 'waiting' })).toBe(1)
      expect(is('jobs', { name: 'pages', state: 'completed' })).toBe(1)
      expect(is('parts', { name: 'pages', state: 'completed' })).toBe(2)
      expect(is('paused', { name: hostile })).toBe(1)
      expect(is('worker_running', {})).toBe(1)
      expect(is('worker_held', {})).toBe(0)
      expect(is('worker_threads', {})).toBe(0)
      expect(is('counts_capped', {})).toBe(0)
      handler.close()
      await server.close()
      await work.close()
    },
  )

  test('the parser of this test takes no text that is not well-formed', () => {
    const head = '# HELP piecework_a x\n# TYPE piecework_a gauge\n'
    expect(parse(`${head}piecework_a{name="\\"\\\\\\n"} 1\n`).samples).toEqual(
      new Map([[`a${JSON.stringify({ name: '"\\\n' })}`, 1]]),
    )
    for (const bad of [
      'piecework_a 1',
      'piecework_a x\n',
      'piecework_b 1\n',
      'piecework_a{name="a"b"} 1\n',
      'piecework_a{a="1",a="2"} 1\n',
    ]) {
      expect(() => parse(`${head}${bad}`)).toThrow()
    }
  })
})
