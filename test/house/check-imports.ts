/** Reads every import of a file from its syntax and says which of them the table in rules.ts does not allow. */
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import ts from 'typescript'
import type { SourceFile } from './files.ts'
import { type Room, rooms } from './rules.ts'

export interface Import {
  line: number
  /** Undefined for a computed `import(name)`. */
  target: string | undefined
  /** `now` when the file is loaded, `lazy` when the code runs into it, `type` not at run time. */
  when: 'now' | 'lazy' | 'type'
}

export function checkImports(source: SourceFile): string[] {
  const room = rooms.find(({ files }) => source.path.startsWith(files))
  if (!room) return [`${source.path}:1 is in no room of test/house/rules.ts`]
  const breaches = importsOf(source).flatMap((one) => {
    const rule = breach(source.path, room, one)
    return rule ? [`${source.path}:${one.line} imports ${one.target ?? 'a computed name'}: ${rule}`] : []
  })
  return room.reexportsOnly ? [...breaches, ...notReexports(source)] : breaches
}

/** The rule that an import breaks, if any. */
function breach(path: string, room: Room, { target, when }: Import): string | undefined {
  if (target === undefined) return room.computed ? undefined : `what ${room.files} imports must be written out`
  if (target.startsWith('.')) return breachWithin(path, room, posix.join(posix.dirname(path), target), when)
  if (target.startsWith('/') || target.startsWith('file:')) return 'no file is imported by its absolute place'
  if (matches(room.lazy, target))
    return when === 'now' ? 'only `import type` or a lazy import() may name it' : undefined
  if (matches(room.types, target)) return when === 'type' ? undefined : 'only `import type` may name it'
  if (matches(room.packages, target)) return undefined
  if (!isBuiltin(target)) return `${room.files} may import ${packagesOf(room)}`
  if (!target.startsWith('node:')) return 'a built-in is written with `node:`'
  if (room.builtins === 'all' || room.builtins?.includes(target)) return undefined
  return `${room.files} may import ${room.builtins ? `of Node only ${room.builtins.join(', ')}` : 'nothing of Node'}`
}

function breachWithin(path: string, room: Room, file: string, when: Import['when']): string | undefined {
  if (room.lazyRooms?.some((beginning) => file.startsWith(beginning))) {
    return when === 'now' ? 'only `import type` or a lazy import() may name it' : undefined
  }
  const allowed = [...(room.rooms ?? []), homeOf(path)].filter((one) => one !== undefined)
  if (allowed.some((beginning) => file.startsWith(beginning))) return undefined
  return `of the repository ${room.files} may import only ${allowed.join(', ')}`
}

/** The folder whose files know each other; the front door stands alone. */
function homeOf(path: string): string | undefined {
  return /^(?:(?:src|adapters)\/[^/]+\/|(?:examples|bench)\/)/.exec(path)?.[0]
}

function matches(patterns: readonly string[] = [], target: string): boolean {
  return patterns.some((one) => {
    if (one === '*') return !isBuiltin(target)
    return one.endsWith('/*') ? target.startsWith(one.slice(0, -1)) : target === one
  })
}

function packagesOf(room: Room): string {
  const names = [...(room.packages ?? []), ...(room.types ?? []), ...(room.lazy ?? [])]
  return names.length > 0 ? `no package but ${names.join(', ')}` : 'no package'
}

export function importsOf({ path, text }: SourceFile): Import[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  const add = (node: ts.Node, when: Import['when'], target: ts.Node | undefined) => {
    const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1
    found.push({ line, when, target: target && ts.isStringLiteralLike(target) ? target.text : undefined })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, isTypeImport(node) ? 'type' : 'now', node.moduleSpecifier)
    if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      add(node, node.isTypeOnly ? 'type' : 'now', node.moduleSpecifier)
    }
    if (ts.isImportTypeNode(node))
      add(node, 'type', ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined)
    if (ts.isCallExpression(node) && isLoad(node.expression)) add(node, 'lazy', node.arguments[0])
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** `import(x)`, `require(x)` and `process.getBuiltinModule(x)`. */
function isLoad(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true
  if (ts.isPropertyAccessExpression(callee)) return callee.name.text === 'getBuiltinModule'
  return ts.isIdentifier(callee) && callee.text === 'require'
}

/** `import { type A } from 'x'` still loads x under verbatimModuleSyntax; only `import type` does not. */
function isTypeImport({ importClause }: ts.ImportDeclaration): boolean {
  return importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
}

function notReexports({ path, text }: SourceFile): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  return file.statements
    .filter((one) => !(ts.isExportDeclaration(one) && one.moduleSpecifier))
    .map((one) => {
      const line = file.getLineAndCharacterOfPosition(one.getStart()).line + 1
      return `${path}:${line} is more than a re-export: the front door holds re-exports only`
    })
}
