// Text from outside, made fit for a status, an event or a log line.

const ELLIPSIS = '…';

/** At most `limitBytes` of UTF-8 (4 or more), whole characters, ending in `…` where something was cut off. */
export function cutBytes(text: string, limitBytes: number): string {
  const encoder = new TextEncoder();
  if (encoder.encode(text).length <= limitBytes) {
    return text;
  }
  const room = limitBytes - encoder.encode(ELLIPSIS).length;
  let usedBytes = 0;
  let kept = '';
  for (const character of text) {
    usedBytes += encoder.encode(character).length;
    if (usedBytes > room) {
      break;
    }
    kept += character;
  }
  return `${kept}${ELLIPSIS}`;
}

/** One line without control characters and direction overrides, which could forge or hide what people read. */
export function excerpt(text: string, limitBytes: number): string {
  const line = text
    .slice(0, limitBytes * 4)
    .replaceAll(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}\uFFFD]+/gu, ' ')
    .trim();
  return cutBytes(line, limitBytes);
}
