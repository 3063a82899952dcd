/** `piecework serve`: the HTTP face on a storage, until it is told to end. */
import { type HttpFlags, openHttp, whoMay } from '../http-face.ts'
import { lasting } from '../lasting.ts'
import { jsonLine, write } from '../output.ts'
import { withWork } from '../session.ts'
import type { StorageFlags, Streams } from '../tools.ts'

export type ServeFlags = HttpFlags & StorageFlags & { readonly cluster?: number }

/** No answer takes longer to be brought to an end. */
const timeoutMs = 5_000

/** @throws UsageError on a token that cannot be; the system's error where it cannot listen. */
export async function serve(flags: ServeFlags, { stdout, warn }: Streams): Promise<void> {
  const { cluster: processes } = flags
  const greet = async (place?: { readonly address: string }) => {
    const { address = '' } = place ?? {}
    const by = processes === undefined ? '' : `, in ${processes} processes`
    const told = `Listening at ${address}${by}, ${whoMay(flags)}. Ctrl-C ends it.\n`
    await write(stdout, [
      stdout.isTTY ? told : jsonLine({ address, ...(processes === undefined ? {} : { processes }) }),
    ])
  }
  await lasting({ processes, port: flags.port, timeoutMs, greet, warn }, async (untilEnd) => {
    await withWork(flags.storage, async (work) => {
      let server: Awaited<ReturnType<typeof openHttp>> | undefined
      try {
        await untilEnd(async () => {
          server = await openHttp(work, flags)
          return server
        })
      } finally {
        await server?.close({ timeout: timeoutMs })
      }
    })
    return { givenBack: [], abandoned: [] }
  })
}
