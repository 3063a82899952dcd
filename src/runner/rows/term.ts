/** A term of work: from a start to the end of the stop after it. */
import { PieceworkError } from '../../core/errors.ts'

/** What was begun in a term that is over writes nothing any more, and begins nothing, whenever its answers come. */
export class Terms {
  #current: object | undefined

  begin(): void {
    this.#current ??= {}
  }

  end(): void {
    this.#current = undefined
  }

  /** Answers, later on, whether the term of now is over. */
  watch(): () => boolean {
    const current = this.#current
    return () => current === undefined || this.#current !== current
  }
}

/** @throws PieceworkError `stopped` */
export function expectTerm(isOver: () => boolean): void {
  if (isOver()) throw new PieceworkError('stopped', 'This instance was stopped')
}
