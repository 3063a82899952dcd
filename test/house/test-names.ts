/** Finds the names of tests and conformance cases in a file's syntax, so that comments and data do not count as names. */
import ts from 'typescript'
import type { SourceFile } from './files.ts'

export const runners = new Set(['test', 'it', 'describe', 'suite', 'property'])
const nameFields = new Set(['name', 'title'])

export function namesIn({ path, text }: SourceFile): string[] {
  const names: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      // What is skipped or still to do covers nothing.
      if (isPutOff(node.expression)) return
      const [first, ...rest] = node.arguments
      if (first && (runners.has(rootName(node.expression)) || rest.some(isFunction))) names.push(...literal(first))
    }
    if (ts.isObjectLiteralExpression(node) && isCase(node, path)) names.push(...caseName(node))
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false))
  return names
}

/** `test.skipIf(x)('...')`, `test.each(rows)('...')` and `test.for(rows)('...')` all begin with `test`. */
function rootName(callee: ts.Expression): string {
  let at: ts.Expression = callee
  while (ts.isPropertyAccessExpression(at) || ts.isCallExpression(at) || ts.isTaggedTemplateExpression(at)) {
    at = ts.isTaggedTemplateExpression(at) ? at.tag : at.expression
  }
  return ts.isIdentifier(at) ? at.text : ''
}

function isPutOff(callee: ts.Expression): boolean {
  if (!ts.isPropertyAccessExpression(callee)) return false
  return ['skip', 'todo'].includes(callee.name.text) && runners.has(rootName(callee))
}

/** A case of the conformance suite is an object with a name; elsewhere only an object that also brings what to run. */
function isCase(node: ts.ObjectLiteralExpression, path: string): boolean {
  if (path.startsWith('src/conformance/')) return true
  return node.properties.some(
    (one) => ts.isMethodDeclaration(one) || (ts.isPropertyAssignment(one) && isFunction(one.initializer)),
  )
}

function caseName(node: ts.ObjectLiteralExpression): string[] {
  return node.properties.flatMap((one) => {
    if (!ts.isPropertyAssignment(one) || !ts.isIdentifier(one.name)) return []
    return nameFields.has(one.name.text) ? literal(one.initializer) : []
  })
}

function isFunction(node: ts.Node): boolean {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node)
}

/** The written text of a string, a template or a sum of them; what is computed in between is left out. */
function literal(node: ts.Expression): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text]
  if (ts.isTemplateExpression(node)) {
    return [node.head.text + node.templateSpans.map((span) => `\u0000${span.literal.text}`).join('')]
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return [...literal(node.left), ...literal(node.right)]
  }
  return []
}
