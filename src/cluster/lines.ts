// Splits a stream of bytes into lines, without looking at a byte twice.

/** The lines of a UTF-8 stream; a last line without its end is left out: a stream that broke off is no event. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending: string[] = [];
  for await (const chunk of chunks) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n');
    const rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      const line = pending.length === 0 ? piece : pending.join('') + piece;
      pending = [];
      if (line.trim() !== '') {
        yield line;
      }
    }
    if (rest !== '') {
      pending.push(rest);
    }
  }
}
