import type { PushView } from '../../src/http/push-view.ts';

/** The public record of a push, by the link in the answer to its webhook. */
export async function readPush(hawser: { readonly publicUrl: string }, answer: Response): Promise<PushView> {
  const { push } = (await answer.clone().json()) as { push: string };
  const response = await fetch(new URL(push, hawser.publicUrl), { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`the record of the push answers ${response.status}`);
  return (await response.json()) as PushView;
}
