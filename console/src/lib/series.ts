import type { TypedDocumentNode } from '@urql/core';
import { BalanceAtDocument, type BalanceAtQuery } from '../gql/documents';

/** The most points that one request asks for; below the number of aliases that the API allows. */
export const POINTS = 90;

type Point = NonNullable<BalanceAtQuery['customer']>['point'];
export type Series = { customer: Record<string, Point> | null };

/** Written for reading: the nodes of a document as plain data. */
interface Tree {
  [name: string]: unknown;
}

/**
 * `BalanceAt` many times in one document: `p0: balance(… at: $at0) p1: …`. The balance at an instant
 * costs the same however long the ledger is, past or future, so a chart costs the same, too.
 */
export function seriesOf(count: number): TypedDocumentNode<Series, Record<string, string>> {
  const known = MADE.get(count) ?? multiply(count);
  MADE.set(count, known);
  return known;
}

const MADE = new Map<number, TypedDocumentNode<Series, Record<string, string>>>();

function multiply(count: number): TypedDocumentNode<Series, Record<string, string>> {
  const copy = structuredClone(BalanceAtDocument) as unknown as { definitions: Tree[] };
  const operation = copy.definitions[0] as {
    name: { value: string };
    variableDefinitions: Tree[];
    selectionSet: { selections: { selectionSet: { selections: Tree[] } }[] };
  };
  const at = operation.variableDefinitions.find(
    (definition) => (definition.variable as { name: { value: string } }).name.value === 'at',
  );
  const customer = operation.selectionSet.selections[0];
  const point = customer?.selectionSet.selections[0];
  if (at === undefined || customer === undefined || point === undefined) {
    throw new Error('BalanceAt has another form');
  }
  const numbers = Array.from({ length: count }, (_, index) => index);
  operation.name.value = 'BalanceSeries';
  operation.variableDefinitions = [
    ...operation.variableDefinitions.filter((definition) => definition !== at),
    ...numbers.map((index) => renamed(at, 'at', `at${index}`)),
  ];
  customer.selectionSet.selections = numbers.map((index) => {
    const selection = renamed(point, 'at', `at${index}`);
    (selection.alias as { value: string }).value = `p${index}`;
    return selection;
  });
  return copy as unknown as TypedDocumentNode<Series, Record<string, string>>;
}

/** A copy of a node in which a variable has another name. */
function renamed(node: Tree, from: string, to: string): Tree {
  const copy = structuredClone(node);
  const walk = (tree: unknown): void => {
    if (Array.isArray(tree)) tree.forEach(walk);
    if (tree === null || typeof tree !== 'object') return;
    const { kind, name } = tree as { kind?: string; name?: { value: string } };
    if (kind === 'Variable' && name?.value === from) name.value = to;
    Object.values(tree).forEach(walk);
  };
  walk(copy);
  return copy;
}
