// Whether a test that a document names is one: that it is there under its title, always runs and expects something. Read from
// the source, as a test that is skipped or empty passes like any other.

import ts from 'typescript'

const notAlways: ReadonlySet<string> = new Set(['skip', 'skipIf', 'runIf', 'todo', 'fails'])

/** What is wrong with it, as words that follow its title; nothing where all is well. */
export function problemOfTest(text: string, title: string): string {
  const source = ts.createSourceFile('named.test.ts', text, ts.ScriptTarget.Latest, true)
  const call = firstOf(source, (node): node is ts.CallExpression => isTest(node, title))
  if (call === undefined) return 'is not there'
  const names = [
    ...namesIn(call),
    ...ancestorsOf(call).flatMap((one) => (ts.isCallExpression(one) ? namesOf(one.expression) : [])),
  ]
  const marks = [...new Set(names.filter((name) => notAlways.has(name)))]
  if (marks.length > 0) return `is not always run: ${marks.join(', ')}`
  return names.some((name) => name.startsWith('expect')) ? '' : 'expects nothing'
}

/** Of that title, or with a row of that name: `test.each([['the title', …]])('…', …)`. */
function isTest(node: ts.Node, title: string): node is ts.CallExpression {
  if (!ts.isCallExpression(node) || namesOf(node.expression)[0] !== 'test') return false
  const isTitle = (one: ts.Node): one is ts.StringLiteralLike => ts.isStringLiteralLike(one) && one.text === title
  const [first] = node.arguments
  return first !== undefined && (isTitle(first) || firstOf(node.expression, isTitle) !== undefined)
}

/** `test`, `each` of `test.each(rows)`. */
function namesOf(callee: ts.Expression): string[] {
  if (ts.isIdentifier(callee)) return [callee.text]
  if (ts.isPropertyAccessExpression(callee)) return [...namesOf(callee.expression), callee.name.text]
  return ts.isCallExpression(callee) ? namesOf(callee.expression) : []
}

function ancestorsOf(node: ts.Node): ts.Node[] {
  return node.parent === undefined ? [] : [node.parent, ...ancestorsOf(node.parent)]
}

function namesIn(node: ts.Node): string[] {
  const own = ts.isIdentifier(node) ? [node.text] : []
  return [...own, ...childrenOf(node).flatMap(namesIn)]
}

function firstOf<T extends ts.Node>(node: ts.Node, isWanted: (node: ts.Node) => node is T): T | undefined {
  if (isWanted(node)) return node
  for (const child of childrenOf(node)) {
    const found = firstOf(child, isWanted)
    if (found !== undefined) return found
  }
  return undefined
}

function childrenOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = []
  ts.forEachChild(node, (child) => {
    children.push(child)
  })
  return children
}
