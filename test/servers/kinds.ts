/** The kinds of server that there are tests for. */
import { postgres } from './postgres.ts'

export const kinds = { postgres } as const

export type KindName = keyof typeof kinds
