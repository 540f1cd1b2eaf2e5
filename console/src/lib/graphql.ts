import { print } from '@0no-co/graphql.web';
import type { TypedDocumentNode } from '@urql/core';

type Variables = Record<string, unknown>;

/** What GraphiQL can be given: the document, and its variables without what is absent. */
export function asGraphql<D, V extends Variables>(document: TypedDocumentNode<D, V>, variables: V) {
  const given = JSON.parse(JSON.stringify(variables)) as Variables;
  return {
    query: print(document as Parameters<typeof print>[0]),
    variables: JSON.stringify(given, null, 2),
  };
}

/** One text with both: the variables as comments, so that it is still a document. */
export function asText({ query, variables }: { query: string; variables: string }): string {
  if (variables === '{}') return `${query}\n`;
  const comments = variables.split('\n').map((line) => `# ${line}`);
  return `${query}\n\n# Variables:\n${comments.join('\n')}\n`;
}

/** Copies; also where the browser has no clipboard to offer since the page is not on HTTPS. */
export async function copy(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // Not permitted; the old way still may be.
    }
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('aria-hidden', 'true');
  area.className = 'offscreen';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
