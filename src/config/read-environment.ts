/** The process' environment; everything else gets its values from the Config that is made of it. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
