/** Finds where a file reads time, sets a timer or draws chance; by syntax, so that comments may speak of it. */
import ts from 'typescript'
import type { SourceFile } from './files.ts'
import { type Source, sources } from './rules.ts'

const globals = new Set(['globalThis', 'global', 'timers'])

export function checkSources({ path, text }: SourceFile): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const breaches = new Set<string>()
  const visit = (node: ts.Node): void => {
    for (const name of namesOf(node)) {
      const source = sourceOf(name)
      if (!source || source.homes.includes(path)) continue
      const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1
      breaches.add(`${path}:${line} uses ${name}: ${source.of} may come from ${source.homes.join(', ')} alone`)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return [...breaches]
}

function sourceOf(name: string): Source | undefined {
  return sources.find(({ names }) => names.includes(name))
}

/** What a node could be called in the table: `performance`, `Date.now`, `new Date()`, `node:crypto`. */
function namesOf(node: ts.Node): string[] {
  if (ts.isIdentifier(node)) return isReference(node) ? [node.text] : []
  if (ts.isStringLiteralLike(node)) return node.text.startsWith('node:') ? [node.text] : []
  // `new Date` and `Date()` read the clock too.
  if (ts.isNewExpression(node)) return node.arguments?.length ? [] : [`new ${node.expression.getText()}()`]
  if (ts.isCallExpression(node)) return node.expression.getText() === 'Date' ? ['new Date()'] : []
  if (!ts.isPropertyAccessExpression(node)) return []
  const { expression: object, name } = node
  // `globalThis.performance` is the same thing as `performance`; `mine.performance` is not.
  if (globals.has(object.getText())) return [name.text]
  const last = ts.isPropertyAccessExpression(object) ? object.name.text : object.getText()
  return [`${last}.${name.text}`]
}

/** A field, a method or a binding of one's own may be called `performance`: its name is no use of the global one. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isTypeNode(parent) || ts.isQualifiedName(parent)) return false
  if (ts.isShorthandPropertyAssignment(parent)) return true
  return (parent as { name?: ts.Node }).name !== node
}
