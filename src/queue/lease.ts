import { HawserError } from '../errors/hawser-error.ts';
import type { PendingStore } from './pending-store.ts';

interface LeaseOptions {
  readonly store: Pick<PendingStore, 'renew'>;
  readonly member: string;
  readonly token: string;
  readonly leaseMs: number;
  /** Monotonic clock, taken before the lease was asked for: it is never believed to last longer than Redis keeps it. */
  readonly askedAt: number;
  /** Called once, when the lease can no longer be proved. */
  readonly onLost: (error: HawserError) => void;
}

const RENEWALS_PER_LEASE = 5;

/** One run's proof that it is the only one of its key, renewed until it is stopped. */
export class Lease {
  readonly #options: LeaseOptions;
  #validUntil: number;
  #lost: HawserError | undefined;
  #stopped = false;
  #renewal: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#validUntil = options.askedAt + options.leaseMs;
    this.#watchExpiry();
    this.#scheduleRenewal();
  }

  /** Throws SYNC_LEASE_LOST unless the last acknowledged renewal covers this many milliseconds from now. */
  assert(writeTimeoutMs: number): void {
    if (this.#lost) throw this.#lost;
    if (performance.now() + writeTimeoutMs <= this.#validUntil) return;
    throw leaseLost(this.#options.member, 'its last renewal is too old for another write');
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#renewal);
    clearTimeout(this.#expiry);
  }

  #scheduleRenewal(): void {
    if (this.#stopped) return;
    this.#renewal = setTimeout(() => void this.#renew(), this.#options.leaseMs / RENEWALS_PER_LEASE);
  }

  async #renew(): Promise<void> {
    const { store, member, token, leaseMs } = this.#options;
    const sentAt = performance.now();
    try {
      const isOurs = await store.renew(member, token);
      if (this.#stopped) return;
      if (!isOurs) return this.#lose('Redis no longer has it');
      this.#validUntil = sentAt + leaseMs;
      this.#watchExpiry();
    } catch {
      // Redis is away for the moment: tried again until the lease expires.
    }
    this.#scheduleRenewal();
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const remainingMs = Math.max(0, this.#validUntil - performance.now());
    this.#expiry = setTimeout(() => this.#lose('it could not be renewed in time'), remainingMs);
  }

  #lose(why: string): void {
    if (this.#stopped) return;
    this.stop();
    this.#lost = leaseLost(this.#options.member, why);
    this.#options.onLost(this.#lost);
  }
}

/** The error of a run that may not go on. */
export function leaseLost(member: string, why: string): HawserError {
  return new HawserError('SYNC_LEASE_LOST', `${member} lost the lease of its sync (${why}); it will be synced again`);
}
