/** Code that runs only when it is told to, from one gate to the next, and may die at any of them. */
export class Actor {
  readonly name: string;
  readonly finished: Promise<void>;
  isFinished = false;
  isDead = false;
  #pass: ((isAlive: boolean) => void) | undefined;
  #stopped = Promise.withResolvers<void>();

  constructor(name: string, run: (actor: Actor) => Promise<void>) {
    this.name = name;
    this.finished = this.#run(run);
    // Whoever steps it awaits it, a little later.
    this.finished.catch(() => undefined);
  }

  /** Resolves when the test lets the actor go on; throws once it is dead. */
  readonly gate = async (): Promise<void> => {
    this.requireAlive();
    if (this.#pass) throw new Error(`${this.name} stands at two gates`);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#pass = resolve;
    this.#stopped.resolve();
    await promise;
    this.requireAlive();
  };

  requireAlive(): void {
    if (this.isDead) throw new Error(`${this.name} is dead`);
  }

  /** Once it stands at its first gate, or has ended. */
  get standing(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Goes on to the next gate. */
  async step(): Promise<void> {
    if (this.isFinished) return;
    this.#stopped = Promise.withResolvers();
    const pass = this.#pass;
    this.#pass = undefined;
    pass?.(true);
    await this.#stopped.promise;
  }

  /** The process dies: nothing that it does from now on has an effect. Resolves when its code has unwound. */
  async kill(): Promise<void> {
    this.isDead = true;
    this.#pass?.(false);
    await this.finished;
  }

  async #run(run: (actor: Actor) => Promise<void>): Promise<void> {
    try {
      await run(this);
    } catch (error) {
      if (!this.isDead) throw error;
    } finally {
      this.isFinished = true;
      this.#stopped.resolve();
    }
  }
}
