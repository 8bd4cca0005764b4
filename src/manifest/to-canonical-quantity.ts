const QUANTITY = /^([-+]?)(\d*)(?:\.(\d*))?([numkMGTPE]?|[KMGTPE]i|[eE][-+]?\d{1,3})$/;

const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY_SUFFIXES = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** Quantities are kept as whole billionths, the smallest unit that Kubernetes knows. */
const UNIT = 10n ** 9n;
const LARGEST_BINARY = (2n ** 63n - 1n) * UNIT;

interface Quantity {
  readonly whole: string;
  readonly fraction: string;
  /** `Mi`; `k`; `e3`. */
  readonly suffix: string;
  /** The power of ten, or of 1024 for a binary suffix. */
  readonly power: number;
  readonly isBinary: boolean;
}

/**
 * Writes a quantity as Kubernetes stores it: `1000m` is `1`, `1024Mi` is `1Gi`, `0.5` is `500m`.
 * Anything that is no quantity is returned as it is, for the API server to refuse.
 */
export function toCanonicalQuantity(value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return value;
  const text = String(value).trim();
  const [, sign, whole = '', fraction = '', suffix = ''] = QUANTITY.exec(text) ?? [];
  if (whole === '' && fraction === '') return value;
  const quantity = toQuantity(whole, fraction, suffix);
  if (isCanonical(quantity)) return text;
  const amount = toBillionths(quantity);
  if (amount === 0n) return '0';
  return `${sign === '-' ? '-' : ''}${format(amount, quantity)}`;
}

function toQuantity(whole: string, fraction: string, suffix: string): Quantity {
  const binary = suffix === '' ? -1 : BINARY_SUFFIXES.indexOf(suffix);
  const decimal = DECIMAL_SUFFIXES.indexOf(suffix);
  const power = binary > 0 ? binary : decimal >= 0 ? (decimal - 3) * 3 : Number(suffix.slice(1));
  return { whole: whole.replace(/^0+/, '') || '0', fraction, suffix, power, isBinary: binary > 0 };
}

/**
 * Kubernetes keeps the text of what it takes for canonical, `1.125` among it; see ParseQuantity in
 * https://github.com/kubernetes/apimachinery/blob/master/pkg/api/resource/quantity.go
 */
function isCanonical({ whole, fraction, power, isBinary }: Quantity): boolean {
  const digits = `${whole}${fraction}`;
  if (isBinary) return fraction === '' && digits.length + power * 3 <= 14 && BigInt(digits) % 8n !== 0n;
  const scale = power - fraction.length;
  return digits.length <= 18 && scale >= -9 && scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
}

/** Rounds up, as Kubernetes does: a request must not shrink to nothing. */
function toBillionths({ whole, fraction, power, isBinary }: Quantity): bigint {
  const tens = (isBinary ? 0 : power) - fraction.length;
  const scaled = BigInt(`${whole}${fraction}`) * UNIT * (isBinary ? 1024n ** BigInt(power) : 1n);
  const divisor = 10n ** BigInt(Math.max(0, -tens));
  const amount = (scaled * 10n ** BigInt(Math.max(0, tens)) + divisor - 1n) / divisor;
  return isBinary && amount > LARGEST_BINARY ? LARGEST_BINARY : amount;
}

function format(amount: bigint, { suffix, isBinary }: Quantity): string {
  if (isBinary && amount >= 1024n * UNIT && amount % UNIT === 0n) {
    const { mantissa, steps } = divideOut(amount / UNIT, 1024n, BINARY_SUFFIXES.length - 1);
    return `${mantissa}${BINARY_SUFFIXES[steps]}`;
  }
  const { mantissa, steps } = divideOut(amount, 1000n, DECIMAL_SUFFIXES.length - 1);
  if (!/^e[-+\d]/i.test(suffix)) return `${mantissa}${DECIMAL_SUFFIXES[steps]}`;
  return steps === 3 ? `${mantissa}` : `${mantissa}e${(steps - 3) * 3}`;
}

/** Divides as often as it goes without remainder. */
function divideOut(amount: bigint, by: bigint, most: number): { mantissa: bigint; steps: number } {
  let mantissa = amount;
  let steps = 0;
  while (steps < most && mantissa % by === 0n) {
    mantissa /= by;
    steps += 1;
  }
  return { mantissa, steps };
}
