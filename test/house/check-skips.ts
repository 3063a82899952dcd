/** Finds tests that are left out in silence: a test may skip itself, but only by its context, and only with a reason. */
import ts from 'typescript'
import type { SourceFile } from './files.ts'
import { runners } from './test-names.ts'

/** What these say of a test has no room for a reason; `ctx.skip(condition, reason)` does all that they do. */
const silent = new Set(['skip', 'skipIf', 'runIf', 'todo', 'only'])

export function checkSkips({ path, text }: SourceFile): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const breaches: string[] = []
  const add = (node: ts.Node, what: string) => {
    const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1
    breaches.push(`${path}:${line} ${what}: leave a test out by \`skip(condition, reason)\` of its context`)
  }
  const imported = importedNames(file)
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && silent.has(node.name.text) && isRunner(node.expression))
      add(node, `says ${node.getText()}`)
    if (ts.isCallExpression(node) && isSkip(node.expression, imported) && !givesReason(node))
      add(node, 'skips without a reason')
    if (ts.isCallExpression(node) && isRunner(node.expression))
      for (const flag of flagsOf(node)) add(flag, `gives a test the option ${flag.name.getText()}`)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return breaches
}

/** `test`, `test.concurrent`, `describe.each(rows)`: all begin with one of the runners. */
function isRunner(node: ts.Expression): boolean {
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return isRunner(node.expression)
  return ts.isIdentifier(node) && runners.has(node.text)
}

/** `skip(...)` as a test takes it from its context, or `context.skip(...)`; not a function that is imported by this name. */
function isSkip(callee: ts.Expression, imported: ReadonlySet<string>): boolean {
  if (ts.isIdentifier(callee)) return callee.text === 'skip' && !imported.has('skip')
  return ts.isPropertyAccessExpression(callee) && callee.name.text === 'skip' && !isRunner(callee.expression)
}

/** A text, or what is called a reason: a condition alone says nothing of why. */
function givesReason({ arguments: given }: ts.CallExpression): boolean {
  const last = given.at(-1)
  if (last === undefined) return false
  if (given.length > 1 || ts.isStringLiteralLike(last) || ts.isTemplateExpression(last)) return true
  return ts.isIdentifier(last) && /reason$/i.test(last.text)
}

/** `test('...', { skip: true }, () => {})`. */
function flagsOf(call: ts.CallExpression): ts.PropertyAssignment[] {
  return call.arguments
    .filter((each) => ts.isObjectLiteralExpression(each))
    .flatMap(({ properties }) => properties.filter((each) => ts.isPropertyAssignment(each)))
    .filter(({ name }) => silent.has(name.getText()))
}

function importedNames(file: ts.SourceFile): ReadonlySet<string> {
  const names = file.statements
    .filter((each) => ts.isImportDeclaration(each))
    .map(({ importClause }) => importClause?.namedBindings)
    .flatMap((bindings) => (bindings && ts.isNamedImports(bindings) ? [...bindings.elements] : []))
  return new Set(names.map(({ name }) => name.text))
}
