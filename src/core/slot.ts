/**
 * The slots of a job of which only so many parts run at once. Each part at work holds one; a part that ends names the
 * part that gets its slot next in the very write that ends it, so nobody can hand on the same slot twice.
 */

/** What a part knows of its job's slots. */
export interface SlotNotes {
  /** The run of the job in which this was written: 1 at first, one more after each resume. What is older counts no more. */
  readonly run: number
  /** The slot that it has from the beginning of that run, from 0: each is given out once. */
  readonly first?: number
  /** The part that it got its slot from. */
  readonly from?: string
  /** The part that gets its slot next. */
  readonly to?: string
}

/** Whether a part has had a slot in this run, and so has one to hand on when it is done. */
export function hasSlot(notes: SlotNotes | undefined, run: number): notes is SlotNotes {
  return notes?.run === run && (notes.first !== undefined || notes.from !== undefined)
}

/** Whether a held part has its slot already, and only waits until it may be used. */
export function ownsSlot(notes: SlotNotes | undefined, run: number): boolean {
  return notes?.run === run && notes.first !== undefined
}

/** Whether a held part waits for a slot. One of another run does not: whoever wrote it comes too late. */
export function isWithoutSlot(notes: SlotNotes | undefined, run: number): boolean {
  return notes?.run === run && notes.first === undefined
}

/** Parts of an earlier run that are still at work keep as many slots of this run from being used: the last ones. */
export function mayBegin(notes: SlotNotes | undefined, run: number, workers: number, older: number): boolean {
  return notes?.run === run && notes.first !== undefined && notes.first < workers - older
}
