/** What a single file must be like: short, named for what it holds, opened by what it is for, without holes in its types. */
import ts from 'typescript'
import type { SourceFile } from './files.ts'

export const linesMax = 250
/** From here on a file is listed, so that it is split before it has to be. */
export const linesMany = 150

const nameless = /(?:^|[/._-])(?:utils?|helpers?|misc|common)(?=[/._-]|$)/i

export function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

export function checkFile(source: SourceFile): string[] {
  const { path, text } = source
  const breaches: string[] = []
  if (lineCount(text) > linesMax) breaches.push(`${path} has ${lineCount(text)} lines, more than ${linesMax}`)
  if (nameless.test(path)) breaches.push(`${path} is not named for what it holds`)
  if (!saysItsPurpose(source)) breaches.push(`${path}:1 does not open with what it is for`)
  return breaches
}

/** A comment at the top, or above the first statement after the imports. */
function saysItsPurpose({ path, text }: SourceFile): boolean {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const first = file.statements.find((one) => !ts.isImportDeclaration(one))
  // Behind the start of a file comments are looked for from the end of a line on.
  const places = [text.startsWith('#!') ? text.indexOf('\n') : 0, first?.getFullStart()]
  return places.some((at) => at !== undefined && (ts.getLeadingCommentRanges(text, at)?.length ?? 0) > 0)
}

/** `any` takes the compiler off a value, and the two comments off a line or a file. `@ts-expect-error` fails when unneeded. */
export function checkTypes({ path, text }: SourceFile): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const place = (at: number) => `${path}:${file.getLineAndCharacterOfPosition(at).line + 1}`
  const breaches: string[] = []
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) breaches.push(`${place(node.getStart())} says any`)
    ts.forEachChild(node, visit)
  }
  visit(file)
  for (const found of text.matchAll(/(?:\/\/|\/\*)[\s*]*@ts-(?:ignore|nocheck)/g)) {
    breaches.push(`${place(found.index)} switches the compiler off`)
  }
  return breaches
}
