/**
 * A queue on a Redis stream, as any broker gives one: a message goes to one consumer, and comes again, to whoever asks,
 * unless it is acknowledged in time.
 */
import { createClient } from 'redis'

export interface Delivery<Message> {
  readonly id: string
  readonly message: Message
}

/** Consumers of one group share the messages. */
const group = 'consumers'

/** A message that was delivered so long ago and not acknowledged is delivered again. */
const againAfterMs = 1_000

/** How long one question waits for a message: then unacknowledged ones are looked for, and a signal is heard. */
const waitMs = 250

export async function openQueue<Message>(url: string, stream: string) {
  const client = createClient({ url })
  client.on('error', (error: Error) => console.error(`Redis: ${error.message}`))
  await client.connect()
  // Whoever comes first makes the group; it begins with the first message there is.
  await client.xGroupCreate(stream, group, '0', { MKSTREAM: true }).catch((error: Error) => {
    if (!error.message.startsWith('BUSYGROUP')) throw error
  })

  /** Resolves once Redis has the message: one that it does not take rejects. */
  async function publish(message: Message): Promise<void> {
    await client.xAdd(stream, '*', { message: JSON.stringify(message) })
  }

  async function next(consumer: string): Promise<Delivery<Message> | undefined> {
    const abandoned = await client.xAutoClaim(stream, group, consumer, againAfterMs, '0', { COUNT: 1 })
    const again = abandoned.messages[0]
    if (again) return deliveryOf(again)
    const fresh = await client.xReadGroup(group, consumer, { key: stream, id: '>' }, { COUNT: 1, BLOCK: waitMs })
    const first = (fresh as { messages: Entry[] }[] | null)?.[0]?.messages[0]
    return first && deliveryOf(first)
  }

  /** What comes for this consumer, one message at a time, until the signal aborts. */
  async function* deliveries(consumer: string, signal: AbortSignal): AsyncGenerator<Delivery<Message>> {
    while (!signal.aborted) {
      const delivery = await next(consumer)
      if (delivery) yield delivery
    }
  }

  /** It is done with: it does not come again. */
  async function acknowledge({ id }: Delivery<Message>): Promise<void> {
    await client.xAck(stream, group, id)
  }

  return { client, publish, deliveries, acknowledge, close: () => client.close() }
}

interface Entry {
  readonly id: string
  readonly message: Record<string, string>
}

function deliveryOf<Message>({ id, message }: Entry): Delivery<Message> {
  return { id, message: JSON.parse(message.message ?? 'null') }
}
