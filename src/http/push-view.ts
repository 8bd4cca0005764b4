/** What is shown of a push: a push record, as its read side gives it. */
export interface PushView {
  readonly id: string;
  readonly heard: string;
  readonly provider?: string | undefined;
  readonly repository?: string | undefined;
  readonly ref?: string | undefined;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** What a trigger was for. */
  readonly target?: string | undefined;
  /** RFC 3339. */
  readonly heardAt: string;
  readonly steps: readonly PushViewStep[];
  readonly matched: readonly string[];
  readonly unmatched: readonly { readonly key: string; readonly reason: string }[];
  readonly outcomes: Readonly<Record<string, PushViewOutcome>>;
  /** Why nothing was done. */
  readonly reason?: string | undefined;
}

interface PushViewStep {
  readonly at: string;
  readonly object?: string | undefined;
  readonly step: string;
  readonly detail?: string | undefined;
  readonly durationMs?: number | undefined;
}

interface PushViewOutcome {
  readonly kind: string;
  readonly revision?: string | undefined;
  readonly message?: string | undefined;
  readonly at: string;
}

/** The part of a record that is for everybody who knows its id: nobody's name, and no address of the repository. Pure. */
export function toPublicPush(push: PushView): PushView {
  const { id, heard, provider, repository, ref, before, after, target, heardAt } = push;
  const { steps, matched, unmatched, outcomes, reason } = push;
  const shown = steps.map(({ at, object, step, detail, durationMs }) => ({ at, object, step, detail, durationMs }));
  const facts = { id, heard, provider, repository, ref, before, after, target, heardAt };
  return { ...facts, steps: shown, matched, unmatched, outcomes, reason };
}
