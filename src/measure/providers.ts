// The metric providers, by the type a MetricTemplate names. Adding one means adding its file and its line here.
import { prometheus } from './prometheus.ts';
import type { MetricProvider } from './provider.ts';

const providers: readonly MetricProvider[] = [prometheus];

/** undefined: the type is valid, or was, but nothing here speaks to it yet. */
export function providerOfType(type: string): MetricProvider | undefined {
  return providers.find((provider) => provider.type === type);
}
