const NEWLINE = 0x0a;
/** An object has at most 1.5 MB in etcd; what is much longer is no API server's line. */
const LONGEST_LINE_BYTES = 64 * 1024 * 1024;

/** Splits a byte stream into its lines; what follows the last newline is half a line and is dropped. Throws at an endless line. */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...pieces, chunk.subarray(start, end)]).toString('utf8');
      pieces = [];
      length = 0;
      start = end + 1;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > LONGEST_LINE_BYTES) throw new Error('a line is longer than 64 MiB');
  }
}
