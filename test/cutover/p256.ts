/** ECDSA over a digest, as KMS makes it: Node signs texts alone. For tests: it takes no care of its time. */
const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
type Point = readonly [bigint, bigint] | undefined;
const base: Point = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
];

const mod = (value: bigint, by: bigint): bigint => ((value % by) + by) % by;

function power(value: bigint, exponent: bigint, by: bigint): bigint {
  let [result, square] = [1n, mod(value, by)];
  for (let left = exponent; left > 0n; left /= 2n, square = (square * square) % by) if (left % 2n === 1n) result = (result * square) % by;
  return result;
}
/** Both moduli are primes. */
const inverse = (value: bigint, by: bigint): bigint => power(value, by - 2n, by);

function add(one: Point, other: Point): Point {
  if (!one) return other;
  if (!other) return one;
  const [[x, y], [u, v]] = [one, other];
  if (x === u && y !== v) return undefined;
  const slope = mod(x === u ? (3n * x * x - 3n) * inverse(2n * y, p) : (v - y) * inverse(u - x, p), p);
  const to = mod(slope * slope - x - u, p);
  return [to, mod(slope * (x - to) - y, p)];
}

function times(scalar: bigint): readonly [bigint, bigint] {
  let [sum, double]: [Point, Point] = [undefined, base];
  for (let left = scalar; left > 0n; left /= 2n, double = add(double, double)) if (left % 2n === 1n) sum = add(sum, double);
  return sum!;
}

const hex = (value: bigint): string => value.toString(16).padStart(64, '0');
const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);

/** A number in DER: without leading zeros, and not negative. */
function integer(value: bigint): Buffer {
  const bytes = Buffer.from(hex(value).replace(/^(00)+/, ''), 'hex');
  const content = bytes[0] > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
  return Buffer.concat([Buffer.from([2, content.length]), content]);
}

/** A signature of P-256 in DER, by the private scalar. */
export function signDigest(digest: Buffer, secret: Buffer): Buffer {
  const [e, d] = [number(digest), number(secret)];
  const k = mod(e * 7n + d, n - 1n) + 1n;
  const r = mod(times(k)[0], n);
  const content = Buffer.concat([integer(r), integer(mod(inverse(k, n) * (e + r * d), n))]);
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}
