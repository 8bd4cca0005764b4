/** The annotation by which a sync is asked for; `lastHandledReconcileAt` answers it. Any change of its value counts (Flux). */
export const REQUESTED_AT = 'reconcile.fluxcd.io/requestedAt';
