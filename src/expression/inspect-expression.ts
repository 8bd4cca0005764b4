import type { ASTNode } from '@marcbachmann/cel-js';

/** What an expression uses, found by walking its syntax tree. */
export interface ExpressionFacts {
  /** Names at the start of a path, loop variables included. */
  readonly names: ReadonlySet<string>;
  readonly calls: readonly FunctionCall[];
  /** How many parts the expression has. */
  readonly size: number;
  /** True if its work may grow faster than its size times the size of the object: loops in loops, growing texts. */
  readonly isUnbounded: boolean;
}

/** A call of a function (`size(x)`) or a method (`x.size()`). */
export type FunctionCall = Extract<ASTNode, { op: 'call' | 'rcall' }>;

const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);
/** In a loop these build something that the next loop may build on. */
const GROWING: ReadonlySet<string> = new Set(['+', 'replace', 'join']);

/** Walks an expression once. */
export function inspectExpression(root: ASTNode): ExpressionFacts {
  const nodes = [...walk(root, 0)];
  return {
    names: new Set(nodes.flatMap(({ node }) => (node.op === 'id' ? [node.args] : []))),
    calls: nodes.map(({ node }) => node).filter(isCall),
    size: nodes.length,
    isUnbounded: nodes.some(isUnbounded),
  };
}

interface Visit {
  readonly node: ASTNode;
  /** How many loops it is in. */
  readonly loops: number;
}

function* walk(node: ASTNode, loops: number): Generator<Visit> {
  yield { node, loops };
  if (!isLoop(node)) {
    for (const child of childrenOf(node.args)) yield* walk(child, loops);
    return;
  }
  yield* walk(node.args[1], loops);
  for (const argument of node.args[2]) yield* walk(argument, loops + 1);
}

function isUnbounded({ node, loops }: Visit): boolean {
  const name = isCall(node) ? node.args[0] : node.op;
  return name === 'matches' || (loops > 0 && (isLoop(node) || GROWING.has(name)));
}

function isCall(node: ASTNode): node is FunctionCall {
  return node.op === 'call' || node.op === 'rcall';
}

function isLoop(node: ASTNode): node is Extract<ASTNode, { op: 'rcall' }> {
  return node.op === 'rcall' && LOOPS.has(node.args[0]);
}

function childrenOf(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return isNode(args) ? [args] : [];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}
