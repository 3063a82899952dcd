/**
 * Rows of the archive: what a cleanup keeps in the storage where it has no files. Their names are claimed by nobody and
 * their states counted by nobody; ids are derived, so that archiving the same again is harmless.
 */
import type { Row } from './storage.ts'

/** No definition's name, state or id begins so. */
const idPrefix = '~archive:'
const namePrefix = '~archive '
const statePrefix = 'archived_'

/** The state of a task or job in the archive that was in `state`. */
export function archivedState(state: string): string {
  return statePrefix + state
}

/** The name of the archived rows of a definition. */
export function archivedName(name: string): string {
  return namePrefix + name
}

export function isArchivedName(name: string): boolean {
  return name.startsWith(namePrefix)
}

/** A task or a job that is done, as the archive has it. An id that is used again is told by when its task was done. */
export function archivedRow(row: Row): Row {
  const id = `${idPrefix}${row.id}@${row.doneAt}`
  return { ...row, id, name: archivedName(row.name), state: archivedState(row.state), key: null, wakeAt: null }
}

/** A row that lies under one, at any depth. It keeps its state: what it is has to be told from it when it is removed. */
export function archivedChild(row: Row, root: Row): Row {
  const under = (id: string) => `${idPrefix}${root.id}@${root.doneAt}${id.slice(root.id.length)}`
  const parent = row.parent === null ? null : under(row.parent)
  return { ...row, id: under(row.id), name: archivedName(row.name), parent, key: null, wakeAt: null }
}

/** A task or a job of the archive, as it was; any other row as it is. */
export function unarchivedRow(row: Row): Row {
  if (!isArchivedName(row.name)) return row
  const name = row.name.slice(namePrefix.length)
  return { ...row, name, id: originalId(row.id), state: row.state.slice(statePrefix.length) }
}

/** A row under one of those, as it was. */
export function unarchivedChild(row: Row): Row {
  if (!isArchivedName(row.name)) return row
  const name = row.name.slice(namePrefix.length)
  return { ...row, name, id: originalId(row.id), parent: row.parent === null ? null : originalId(row.parent) }
}

/** Without the prefix, and without the instant, which ends where the slash of a child begins. */
function originalId(id: string): string {
  const slash = id.indexOf('/')
  const [root, rest] = slash === -1 ? [id, ''] : [id.slice(0, slash), id.slice(slash)]
  return root.slice(idPrefix.length, root.lastIndexOf('@')) + rest
}
