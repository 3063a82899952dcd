/** The app's DynamoDB client, or one made from settings when the first call needs it. */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { StorageError } from '../../src/storage/index.ts'
import { expected } from './options.ts'

/**
 * A `DynamoDBClient` of `@aws-sdk/client-dynamodb` that the app has made; it stays open when the storage is closed. Known
 * by its shape: whoever does not use this adapter needs no types of the SDK.
 */
export interface DynamoClient {
  send(command: never, options?: never): Promise<unknown>
  destroy(): void
}

/** What the app would give to `new DynamoDBClient(...)`, such as `{ region: 'eu-west-1' }`. */
export type DynamoSettings = object

export type Sdk = typeof import('@aws-sdk/client-dynamodb')

/** What a request is made with. */
export interface Driver {
  readonly sdk: Sdk
  readonly client: DynamoDBClient
}

/** Where the driver comes from. Nothing is loaded before the first call. */
export interface DriverSource {
  open(): Promise<Driver>
  /** Ends a client that was made here; leaves the app's alone. */
  close(): void
}

export function driverSource(given: DynamoClient | DynamoSettings): DriverSource {
  if (typeof given !== 'object' || given === null) {
    throw expected('client', 'a DynamoDBClient of @aws-sdk/client-dynamodb or the settings for one', given)
  }
  let opened: Promise<Driver> | undefined
  let own: DynamoDBClient | undefined
  return {
    open() {
      opened ??= loadSdk().then((sdk) => {
        if (isClient(given)) return { sdk, client: given as unknown as DynamoDBClient }
        own = new sdk.DynamoDBClient(given)
        return { sdk, client: own }
      })
      return opened
    },
    close: () => own?.destroy(),
  }
}

async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@aws-sdk/client-dynamodb')
  } catch (cause) {
    throw new StorageError('missing_driver', 'Install `@aws-sdk/client-dynamodb` to use piecework/dynamodb', { cause })
  }
}

function isClient(given: DynamoClient | DynamoSettings): given is DynamoClient {
  return 'send' in given && typeof given.send === 'function'
}
